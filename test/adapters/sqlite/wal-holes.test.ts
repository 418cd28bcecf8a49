import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { walHoles } from '#adapters/sqlite/wal-holes.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { someEvents } from '#test/contracts/event-store.ts'
import { temporaryFolder } from '#test/support/program.ts'

/** A database that somebody writes, with a WAL of some frames. */
async function aDatabase(pragmas = '') {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'some.db')
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = wal; ${pragmas}; CREATE TABLE parts (part)`)
  const write = (count: number) => {
    for (let index = 0; index < count; index += 1)
      database.exec('INSERT INTO parts VALUES (randomblob(3000))')
  }
  write(20)
  return {
    path,
    wal: `${path}-wal`,
    database,
    write,
    async [Symbol.asyncDispose]() {
      database.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** In this process closing the file would cancel locks. */
const asOthersRead = (path: string) => spawnSync('cat', [path]).stdout

const bytesOf = (path: string) => statSync(path).size

describe('an event log whose write-ahead log is emptied right after its first event', () => {
  it('fails within about a second, though it has grown again', async () => {
    await using folder = await temporaryFolder()
    await using store = await openSqliteEventStore({ folder: folder.path })
    await store.append('ledger-acme', someEvents(3), 'no-stream')
    truncateSync(join(folder.path, 'log.db-wal'))
    await store.append('ledger-other', someEvents(3), 'no-stream').catch(() => {})
    await expect.poll(() => store.failed.aborted, { timeout: 5_000 }).toBe(true)
    expect(String(store.failed.reason.cause)).toContain('was cut short')
  })
})

describe('a write-ahead log that somebody has cut short', () => {
  it.each([0, 10_000])('is noticed where nobody writes: to %i bytes', async (bytes) => {
    await using at = await aDatabase()
    const hasHoles = walHoles(at.path)
    expect(hasHoles()).toBe(false)
    truncateSync(at.wal, bytes)
    expect(hasHoles()).toBe(true)
  })

  it('is noticed where it has grown again', async () => {
    await using at = await aDatabase()
    const hasHoles = walHoles(at.path)
    hasHoles()
    const before = bytesOf(at.wal)
    truncateSync(at.wal)
    at.write(5)
    expect(bytesOf(at.wal)).toBeGreaterThan(before)
    expect(hasHoles()).toBe(true)
  })

  it('is noticed by what it lacks, where it once was longer than it had to be', async () => {
    await using at = await aDatabase()
    at.database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    at.write(3)
    const hasHoles = walHoles(at.path)
    hasHoles()
    truncateSync(at.wal, bytesOf(at.wal) - 5_000)
    expect(hasHoles()).toBe(false)
    truncateSync(at.wal, 5_000)
    expect(hasHoles()).toBe(true)
  })

  it('lacks nothing where all of it is in the database, until somebody writes behind it', async () => {
    await using at = await aDatabase()
    using reader = new DatabaseSync(at.path, { readOnly: true })
    const hasHoles = walHoles(at.path)
    hasHoles()
    reader.exec('BEGIN; SELECT count(*) FROM parts')
    at.database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    truncateSync(at.wal)
    expect(hasHoles()).toBe(false)
    at.write(1)
    expect(hasHoles()).toBe(true)
  })
})

describe('a hole in a write-ahead log that has begun anew since', () => {
  it('is noticed until it is overwritten', async () => {
    await using at = await aDatabase('PRAGMA wal_autocheckpoint = 0')
    at.write(400)
    const hasHoles = walHoles(at.path)
    expect(hasHoles()).toBe(false)
    truncateSync(at.wal)
    at.write(1)
    at.database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    at.write(1)
    expect(hasHoles()).toBe(true)
  })
})

describe('a write-ahead log that SQLite itself makes shorter', () => {
  it('has no hole after a TRUNCATE checkpoint, nor when it has grown again', async () => {
    await using at = await aDatabase()
    const hasHoles = walHoles(at.path)
    for (const count of [1, 5, 40]) {
      expect(hasHoles()).toBe(false)
      at.database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      expect([bytesOf(at.wal), hasHoles()]).toEqual([0, false])
      at.write(count)
    }
    expect(hasHoles()).toBe(false)
  })

  it('has none where it is cut back to its limit', async () => {
    await using at = await aDatabase('PRAGMA journal_size_limit = 30000')
    at.write(50)
    const hasHoles = walHoles(at.path)
    hasHoles()
    const before = bytesOf(at.wal)
    at.database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    at.write(1)
    expect(bytesOf(at.wal)).toBeLessThan(before)
    expect(hasHoles()).toBe(false)
  })

  it('has none where a crash has left anything in it', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'some.db')
    new DatabaseSync(path).exec('PRAGMA journal_mode = wal')
    writeFileSync(`${path}-wal`, Buffer.alloc(2_000_000))
    const hasHoles = walHoles(path)
    expect(hasHoles()).toBe(false)
    using database = new DatabaseSync(path)
    database.exec('CREATE TABLE parts (part)')
    expect(hasHoles()).toBe(false)
    expect(hasHoles()).toBe(false)
  })
})

describe('a log whose write-ahead log is cut short', () => {
  it.each<[string, boolean]>([
    ['at once', false],
    ['once it has grown again', true],
  ])('fails at the next check, and keeps what it had, when it is noticed %s', async (_, grows) => {
    await using folder = await temporaryFolder()
    const log = join(folder.path, 'log.db')
    const store = await openSqliteEventStore({ folder: folder.path })
    await store.append('ledger-a', someEvents(200), 'no-stream')
    await store.check()
    const before = asOthersRead(log)
    truncateSync(`${log}-wal`)
    if (grows) await store.append('ledger-a', someEvents(1), 199n)
    await expect(store.check()).rejects.toThrow(`${log}-wal was cut short`)
    expect(store.failed.reason).toMatchObject({
      cause: { message: `${log}-wal was cut short while it was in use` },
    })
    await store[Symbol.asyncDispose]()
    expect(asOthersRead(log).equals(before)).toBe(true)
  })

  it('fails at the latest when it is closed', async () => {
    await using folder = await temporaryFolder()
    const log = join(folder.path, 'log.db')
    const store = await openSqliteEventStore({ folder: folder.path })
    await store.append('ledger-a', someEvents(200), 'no-stream')
    await store.check()
    const before = asOthersRead(log)
    truncateSync(`${log}-wal`)
    await store.append('ledger-a', someEvents(1), 199n)
    await store[Symbol.asyncDispose]()
    expect(store.failed.aborted).toBe(true)
    expect(asOthersRead(log).equals(before)).toBe(true)
  })
})

it.skipIf(process.platform !== 'linux')(
  'SQLite locks the database and its -shm, and not the -wal, which may be closed',
  async () => {
    await using at = await aDatabase()
    at.database.exec('BEGIN IMMEDIATE')
    const locks = readFileSync('/proc/locks', 'utf8')
    const isLocked = (path: string) => locks.includes(`:${statSync(path).ino} `)
    expect([at.path, `${at.path}-shm`, at.wal].map(isLocked)).toEqual([true, true, false])
  },
)
