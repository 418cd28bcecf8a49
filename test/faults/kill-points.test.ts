import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SmallHistory } from '#test/faults/small-history.ts'
import { usually } from '#test/support/long-runs.ts'
import { temporaryFolder } from '#test/support/program.ts'
import {
  canTrace,
  durableCalls,
  injecting,
  logFiles,
  readModelFiles,
  whyNotTraced,
} from '#test/support/strace.ts'

const killsAtFirstStart = usually(20, { long: 60 })
const killsLater = usually(100, { long: 500 })
const files = [...logFiles, ...readModelFiles]

const killed = (data: string, when: number, at: readonly string[] = files) =>
  injecting({ data, files: at, calls: durableCalls, fault: 'signal=KILL', when: `${when}` })

/** Each thread counts its own calls: the one that writes the log makes some ten for a commit, the projector hundreds. */
const targets = [
  { at: logFiles, step: 1 },
  { at: readModelFiles, step: 7 },
]

describe('kill at any durable step', () => {
  it(`of the first start, on a folder of its own each: ${killsAtFirstStart} kill points`, {
    timeout: 600_000,
  }, async ({ skip }) => {
    skip(!canTrace, whyNotTraced)
    let kills = 0
    for (let point = 1; point <= killsAtFirstStart; point += 1) {
      await using folder = await temporaryFolder()
      const history = new SmallHistory(join(folder.path, 'data'))
      const run = await history.run(1, killed(history.data, point))
      if (!run.endedByItself) kills += 1
      expect({ point, found: await history.violations() }).toEqual({ point, found: [] })
      if (point % 3 !== 0) continue
      expect(await history.run(0)).toMatchObject({ endedByItself: true, codes: [], errors: '' })
      expect({ point, found: await history.violations() }).toEqual({ point, found: [] })
    }
    expect(kills).toBe(killsAtFirstStart)
  })

  it(`one after the other on one folder, whose log grows: ${killsLater} kill points`, {
    timeout: 1_200_000,
  }, async ({ skip }) => {
    skip(!canTrace, whyNotTraced)
    await using folder = await temporaryFolder()
    const history = new SmallHistory(join(folder.path, 'data'))
    expect(await history.run(0)).toMatchObject({ endedByItself: true, codes: [], errors: '' })
    let kills = 0
    const points = targets.map(() => 1)
    while (kills < killsLater) {
      for (const [index, { at, step }] of targets.entries()) {
        const point = points[index] ?? 1
        const run = await history.run(1, killed(history.data, point, at))
        if (!run.endedByItself) kills += 1
        expect({ point, at, found: await history.violations() }).toEqual({ point, at, found: [] })
        points[index] = run.endedByItself ? 1 : point + step
      }
    }
    expect(await history.run(1)).toMatchObject({ endedByItself: true, codes: [], errors: '' })
    expect(await history.violations()).toEqual([])
    expect(history.attempts.every(({ acknowledged }) => acknowledged !== undefined)).toBe(true)
  })
})
