import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SmallHistory } from '#test/faults/small-history.ts'
import { usually } from '#test/support/long-runs.ts'
import { temporaryFolder } from '#test/support/program.ts'
import {
  canTrace,
  type Injection,
  injecting,
  logFiles,
  readModelFiles,
  whyNotTraced,
} from '#test/support/strace.ts'

type Sweep = Omit<Injection, 'data' | 'when'> & {
  readonly name: string
  readonly every: number
  /** What tells that the fault was met. */
  readonly sign: string
}

const log = { files: logFiles, every: 2, sign: '504 outcome-unknown' }
const readModels = { files: readModelFiles, every: 9, sign: 'projector waits and tries again' }
const points = usually(5, { long: 40 })
/** So many calls in a row fail. */
const spell = 6

/** A folder that has a log and read models already. */
async function begun(path: string): Promise<SmallHistory> {
  const history = new SmallHistory(join(path, 'data'))
  expect(await history.run(0)).toMatchObject({ endedByItself: true, codes: [], errors: '' })
  return history
}

describe('disk full', () => {
  it.for<Sweep>([
    { name: 'the log', calls: 'pwrite64', fault: 'error=ENOSPC', ...log, sign: '503 once' },
    { name: 'the read models', calls: 'pwrite64', fault: 'error=ENOSPC', ...readModels },
  ])(
    `at any write to $name for a while is waited out, without a restart: ${points} points`,
    {
      timeout: 300_000,
    },
    async (sweep, { skip }) => {
      skip(!canTrace, whyNotTraced)
      await using folder = await temporaryFolder()
      const history = await begun(folder.path)
      const noticed: string[] = []
      for (let index = 0; index < points; index += 1) {
        const first = 1 + index * sweep.every
        const when = `${first}..${first + spell}`
        const run = await history.run(2, injecting({ data: history.data, ...sweep, when }))
        expect({ when, ...run }).toMatchObject({ when, endedByItself: true, errors: '' })
        expect(history.attempts.every(({ acknowledged }) => acknowledged !== undefined)).toBe(true)
        noticed.push(...run.codes, ...run.warnings)
        expect({ when, found: await history.violations() }).toEqual({ when, found: [] })
      }
    },
  )
})

describe('an I/O error', () => {
  it.for<Sweep>([
    { name: 'fsync of the log', calls: 'fsync,fdatasync', fault: 'error=EIO', ...log },
    { name: 'write to the log', calls: 'pwrite64', fault: 'error=EIO', ...log },
    { name: 'read of the log', calls: 'pread64', fault: 'error=EIO', ...log },
    {
      name: 'fsync of the read models',
      calls: 'fsync,fdatasync',
      fault: 'error=EIO',
      ...readModels,
    },
    { name: 'write to the read models', calls: 'pwrite64', fault: 'error=EIO', ...readModels },
    { name: 'read of the read models', calls: 'pread64', fault: 'error=EIO', ...readModels },
  ])(
    `at any $name loses nothing that was acknowledged: ${points} points`,
    {
      timeout: 300_000,
    },
    async (sweep, { skip }) => {
      skip(!canTrace, whyNotTraced)
      await using folder = await temporaryFolder()
      const history = await begun(folder.path)
      const noticed: string[] = []
      for (let index = 0; index < points; index += 1) {
        const first = 1 + index * sweep.every
        const when = index % 2 === 0 ? `${first}+` : `${first}`
        const run = await history.run(1, injecting({ data: history.data, ...sweep, when }))
        noticed.push(...run.codes, ...run.warnings)
        // What SQLite makes of a page that it can't read is now and then that it is damaged.
        for (const code of run.codes)
          expect(code).toMatch(/^50[34] (unavailable|outcome-unknown|once|log-damaged)$/)
        expect({ when, found: await history.violations() }).toEqual({ when, found: [] })
      }
      expect(await history.run(1)).toMatchObject({ endedByItself: true, codes: [], errors: '' })
      expect(await history.violations()).toEqual([])
    },
  )
})
