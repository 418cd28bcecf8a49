import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { booksFolderName } from '#adapters/sqlite/books-file.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { startBooksKeeper } from '#compose/books-keeper-worker.ts'
import { openWriteSide } from '#compose/write-side.ts'
import { parseConfig } from '#config.ts'
import { KeeperStopped } from '#ports/books-cache.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { openedBooks, wellFormed } from '#test/support/write-side.ts'

const circumstances = { actor: 'a', correlationId: 'c', causationId: 'c' }

/** A data folder with the ledger `acme`, of which the keeper's thread has kept all. */
async function aKeptFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-kept-'))
  const config = parseConfig({ DAYBOOK_DATA: folder, DAYBOOK_LOG_LEVEL: 'silent' })
  {
    await using store = await openSqliteEventStore({ folder })
    await using side = await openedBooks({ store })
    expect(await side.types()).toHaveLength(5)
  }
  await writeThrough(config, 'first')
  const keeper = startBooksKeeper({ config, folder: join(folder, booksFolderName) })
  await keeper.keep('acme', 4n)
  // What is kept already is not kept again, and what is not there can't be.
  await keeper.keep('acme', 2n)
  await expect(keeper.keep('acme', 1_000n)).rejects.toThrow('the log ends before revision 1000')
  await keeper[Symbol.asyncDispose]()
  await expect(keeper.keep('acme', 4n)).rejects.toThrow(KeeperStopped)
  const snapshot = join(folder, booksFolderName, 'acme.snapshot')
  return { folder, config, snapshot, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

/** One command under a key known since the beginning, through the write side as the tools open it. */
async function writeThrough(config: ReturnType<typeof parseConfig>, name: string) {
  const { logger, lines } = recordingLogger()
  await using bus = await openWriteSide(config, logger)
  const item = wellFormed('OpenLedger', { ledgerId: 'acme', name, assets: [{ asset: 'X/0' }] })
  const outcome = await bus.execute({ ...circumstances, ledgerId: 'acme', key: 'open-acme', item })
  return { outcome, said: lines.map(({ level, message }) => `${level}: ${message}`) }
}

const replayed = { code: 'idempotency-key-mismatch' }

describe('books that were kept by the thread for it', { timeout: 60_000 }, () => {
  it('are what the next start begins from', async () => {
    using at = await aKeptFolder()
    expect(readFileSync(at.snapshot, 'utf8')).toContain('"revision":"4"')
    const { outcome, said } = await writeThrough(at.config, 'again')
    expect(outcome).toMatchObject(replayed)
    expect(said).toEqual([])
  })

  it('are ignored where they were damaged, with a line in the log', async () => {
    using at = await aKeptFolder()
    writeFileSync(at.snapshot, readFileSync(at.snapshot, 'utf8').replace('users:bob', 'users:rob'))
    const { outcome, said } = await writeThrough(at.config, 'again')
    expect(outcome).toMatchObject(replayed)
    expect(said).toEqual(['warn: a snapshot is ignored'])
  })

  it('may be deleted while nothing runs', async () => {
    using at = await aKeptFolder()
    rmSync(join(at.folder, booksFolderName), { recursive: true })
    const { outcome, said } = await writeThrough(at.config, 'again')
    expect(outcome).toMatchObject(replayed)
    expect(said).toEqual([])
    expect(readdirSync(join(at.folder, booksFolderName))).toContain('index.db')
  })

  it('are done without where their folder can’t be used', async () => {
    using at = await aKeptFolder()
    rmSync(join(at.folder, booksFolderName), { recursive: true })
    writeFileSync(join(at.folder, booksFolderName), 'not a folder')
    const { outcome, said } = await writeThrough(at.config, 'again')
    expect(outcome).toMatchObject(replayed)
    expect(said).toEqual(['warn: books are not kept: every start reads whole logs'])
  })
})

/** The keeper of a kept folder in which another process keeps, and does not come to an end. */
async function aKeeperBehindAnother() {
  using opened = new DisposableStack()
  const { folder, config } = opened.use(await aKeptFolder())
  const books = join(folder, booksFolderName)
  const other = new DatabaseSync(join(books, 'turn.db'))
  opened.defer(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const ending = opened.move()
  return {
    config,
    keeper: startBooksKeeper({ config, folder: books }),
    [Symbol.dispose]: () => ending.dispose(),
  }
}

/** How it ended, and after how long. */
async function timed(keep: Promise<void>) {
  const begun = performance.now()
  const end = await keep.then(
    () => 'kept',
    (error: Error) => error.message,
  )
  return { end, tookMs: performance.now() - begun }
}

describe('a keeper while another process keeps', { timeout: 60_000 }, () => {
  it('does not let commands wait for that for longer than some seconds', async () => {
    using at = await aKeeperBehindAnother()
    const { keeper } = at
    const keeps = [
      keeper.keep('acme', 4n),
      keeper.keep('acme', 4n, true),
      keeper.keep('acme', 4n, true),
    ]
    for (const { end, tookMs } of await Promise.all(keeps.map(timed))) {
      expect(end).toContain('another process keeps')
      expect(tookMs).toBeLessThan(20_000)
    }
    await keeper[Symbol.asyncDispose]()
  })

  it('stops at once, also where nobody waits for what it keeps', async () => {
    using at = await aKeeperBehindAnother()
    const keep = timed(at.keeper.keep('acme', 4n))
    await new Promise((resolve) => setTimeout(resolve, 500))
    const begun = performance.now()
    await at.keeper[Symbol.asyncDispose]()
    expect(performance.now() - begun).toBeLessThan(2_000)
    expect((await keep).end).toBe('the keeper was told to stop')
  })
})
