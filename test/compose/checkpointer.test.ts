import { existsSync } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { checkpointedPagesMax } from '#adapters/sqlite/read-models-file.ts'
import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import { startCheckpointer } from '#compose/checkpointer.ts'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import { aChange, aTask, at, main, tasks } from '#test/contracts/read-models-examples.ts'

const pageBytes = 4_096
const long = 'x'.repeat(100_000)
const waitMs = 20_000

async function anOpenFile() {
  const file = await aReadModelFile()
  const { path } = file
  const writer = await openSqliteReadModelWriter({ path, checkpointPages: checkpointedPagesMax })
  await writer.prepare(tasks)
  let revision = -1n
  return {
    path,
    writer,
    bytes: async () => (await stat(path)).size,
    logBytes: async () => (await stat(`${path}-wal`)).size,
    /** Some 250 pages. */
    async commit() {
      revision += 1n
      const documents = Array.from({ length: 10 }, (_, index) =>
        aTask(`${revision}-${index}`, { title: long }, revision),
      )
      const expected = revision === 0n ? undefined : revision - 1n
      return writer.commit([aChange({ expected, checkpoint: at(revision), documents })])
    },
    async [Symbol.asyncDispose]() {
      await writer[Symbol.asyncDispose]()
      await file[Symbol.asyncDispose]()
    },
  }
}

describe('a checkpointer', () => {
  it('carries commits over to the file, which no commit does by itself before the log is long', async () => {
    await using open = await anOpenFile()
    const before = await open.bytes()
    for (let count = 0; count < 10; count += 1) await open.commit()
    expect(await open.bytes()).toBe(before)
    await using _ = startCheckpointer(open.path, () => {})
    await expect
      .poll(open.bytes, { timeout: waitMs })
      .toBeGreaterThan(before + 10 * 10 * long.length)
  })

  it('lets the write-ahead log begin anew, so that it stays short', async () => {
    await using open = await anOpenFile()
    await using _ = startCheckpointer(open.path, () => {})
    let written = 0
    for (; written < checkpointedPagesMax * pageBytes; written += 10 * long.length) {
      expect(await open.commit()).toBe(true)
      await sleep(50)
    }
    expect(await open.logBytes()).toBeLessThan(written / 2)
    expect(await open.writer.checkpoint(tasks, main)).toBeDefined()
  })

  it('that fails says so, and commits go on', async () => {
    await using open = await anOpenFile()
    const other = await aReadModelFile()
    await writeFile(
      other.path,
      'this is no database, and longer than the header of one would be. '.repeat(9),
    )
    const failures: unknown[] = []
    const broken = startCheckpointer(other.path, (error) => failures.push(error))
    await expect.poll(() => failures.length, { timeout: waitMs }).toBe(1)
    expect(String(failures[0])).toContain('not a database')
    expect(await open.commit()).toBe(true)
    await broken[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
  })

  it('makes no file where there is none any more', async () => {
    await using file = await aReadModelFile()
    const failed = Promise.withResolvers<unknown>()
    await using _ = startCheckpointer(file.path, failed.resolve)
    expect(String(await failed.promise)).toContain('unable to open database file')
    expect(existsSync(file.path)).toBe(false)
  })
})
