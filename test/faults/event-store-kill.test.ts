import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  aFolder,
  appendsSaid,
  kill,
  soundAppends,
  startAppender,
} from '#test/faults/event-store-faults.ts'
import { usually } from '#test/support/long-runs.ts'

const kills = usually(3, { long: 30 })

describe('a process killed while it appends', () => {
  it(`has stored all it acknowledged, every append whole: ${kills} times`, {
    timeout: 120_000,
  }, async () => {
    using at = aFolder()
    const acknowledged: string[] = []
    for (let turn = 0; turn < kills; turn += 1) {
      const appender = await startAppender([at.folder, 'killed', 4])
      appender.begin()
      // One in two is killed in the midst of things, however slow the machine is.
      const said = () => appendsSaid(appender.lines, 'stored').length
      if (turn % 2 === 1) await expect.poll(said, { timeout: 10_000 }).toBeGreaterThan(kills)
      await sleep(5 + Math.random() * 100)
      await kill(appender.child)
      acknowledged.push(...appendsSaid(appender.lines, 'stored'))
      expect(await missing(at.folder, acknowledged)).toEqual([])
    }
    expect(acknowledged.length).toBeGreaterThan(kills)
  })

  it('leaves another process on the same log unharmed', { timeout: 60_000 }, async () => {
    using at = aFolder()
    const survivor = await startAppender([at.folder, 'survivor', 2])
    survivor.begin()
    const acknowledged: string[] = []
    for (let turn = 0; turn < 5; turn += 1) {
      const killed = await startAppender([at.folder, `killed-${turn}`, 4])
      killed.begin()
      await sleep(20 + Math.random() * 100)
      await kill(killed.child)
      acknowledged.push(...appendsSaid(killed.lines, 'stored'))
    }
    const before = appendsSaid(survivor.lines, 'stored').length
    await sleep(200)
    await kill(survivor.child)
    const own = appendsSaid(survivor.lines, 'stored')
    expect(own.length).toBeGreaterThan(before)
    expect(await missing(at.folder, [...acknowledged, ...own])).toEqual([])
  })
})

async function missing(folder: string, acknowledged: readonly string[]): Promise<string[]> {
  const stored = await soundAppends(folder)
  return acknowledged.filter((batch) => !stored.has(batch))
}
