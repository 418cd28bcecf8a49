import fs, { writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { refuseLostFile } from '#adapters/sqlite/event-log-inspection.ts'
import { temporaryFolder } from '#test/support/program.ts'

describe('a log that is lost', () => {
  it('has an empty file, or none, beside its write-ahead log', async () => {
    await using folder = await temporaryFolder()
    const log = join(folder.path, 'log.db')
    writeFileSync(`${log}-wal`, 'events')
    expect(() => refuseLostFile(log)).toThrow('is gone or empty')
    writeFileSync(log, '')
    expect(() => refuseLostFile(log)).toThrow('is gone or empty')
    writeFileSync(log, 'a log')
    expect(() => refuseLostFile(log)).not.toThrow()
  })

  it('is none that another process makes between two looks', async () => {
    await using folder = await temporaryFolder()
    const log = join(folder.path, 'log.db')
    using looking = afterFirstLook(() => {
      writeFileSync(log, 'a log')
      writeFileSync(`${log}-wal`, 'its schema')
    })
    expect(() => refuseLostFile(log)).not.toThrow()
    expect(looking.looks()).toBeGreaterThan(0)
  })
})

/** Lets something happen right after a file was looked at for the first time. */
function afterFirstLook(happen: () => void) {
  const { statSync } = fs
  let looks = 0
  const replace = (by: unknown) => {
    Object.assign(fs, { statSync: by })
    syncBuiltinESMExports()
  }
  replace((...given: Parameters<typeof statSync>) => {
    const found = statSync(...given)
    looks += 1
    if (looks === 1) happen()
    return found
  })
  return { looks: () => looks, [Symbol.dispose]: () => replace(statSync) }
}
