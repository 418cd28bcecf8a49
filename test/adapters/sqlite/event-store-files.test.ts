import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import {
  openReaderConnection,
  openWriterConnection,
  pragma,
} from '#adapters/sqlite/event-log-connection.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { refuseNetworkFolder } from '#adapters/sqlite/network-folder.ts'
import { refuseOldSqlite } from '#adapters/sqlite/sqlite-version.ts'
import { aStream, someEvents } from '#test/contracts/event-store.ts'

function aFolder() {
  const parent = mkdtempSync(join(tmpdir(), 'daybook-log-'))
  const folder = join(parent, 'data', 'here')
  const dispose = () => rmSync(parent, { recursive: true })
  return { parent, folder, log: join(folder, 'log.db'), [Symbol.dispose]: dispose }
}

/** A log with one stream of many pages, closed again. */
async function aLog() {
  const at = aFolder()
  await using store = await openSqliteEventStore({ folder: at.folder })
  const stream = aStream()
  await store.append(stream, someEvents(500), 'no-stream')
  await store.append(stream, someEvents(500), 499n)
  return at
}

const modeOf = (path: string) => statSync(path).mode & 0o777

describe('a log that is no longer where it was opened', () => {
  it.each<[string, (at: ReturnType<typeof aFolder>) => void]>([
    ['deleted', ({ folder }) => rmSync(folder, { recursive: true })],
    ['renamed', ({ folder, parent }) => renameSync(folder, join(parent, 'elsewhere'))],
    [
      'replaced',
      ({ log }) => {
        copyFileSync(log, `${log}.copy`)
        renameSync(`${log}.copy`, log)
      },
    ],
  ])('fails at the next check where it was %s', async (_, takeAway) => {
    using at = aFolder()
    await using store = await openSqliteEventStore({ folder: at.folder })
    await store.append(aStream(), someEvents(1), 'no-stream')
    await store.check()
    takeAway(at)
    await expect(store.check()).rejects.toThrow(at.log)
    expect(store.failed.reason).toMatchObject({
      cause: { message: expect.stringContaining(at.log) },
    })
    await expect(store.append(aStream(), someEvents(1), 'no-stream')).rejects.toThrow('has failed')
  })

  it('fails by itself within seconds', async () => {
    using at = aFolder()
    await using store = await openSqliteEventStore({ folder: at.folder })
    rmSync(at.folder, { recursive: true })
    await once(store.failed, 'abort', { signal: AbortSignal.timeout(5_000) })
  })
})

describe('the files of a log', () => {
  it.each([0o000, 0o022, 0o777])("are its owner's alone under umask %o", async (umask) => {
    using at = aFolder()
    const before = process.umask(umask)
    try {
      await using store = await openSqliteEventStore({ folder: at.folder })
      await store.append(aStream(), someEvents(1), 'no-stream')
      await store.backup(join(at.folder, 'copy.db'))
      const files = ['log.db', 'log.db-wal', 'log.db-shm', 'copy.db']
      expect(files.map((file) => modeOf(join(at.folder, file)))).toEqual(files.map(() => 0o600))
      expect(modeOf(at.folder)).toBe(0o700)
    } finally {
      process.umask(before)
    }
  })

  it('are made private again, and a folder that was there is left as it is', async () => {
    using at = await aLog()
    chmodSync(at.log, 0o644)
    chmodSync(at.folder, 0o750)
    await using _ = await openSqliteEventStore({ folder: at.folder })
    expect(modeOf(at.log)).toBe(0o600)
    expect(modeOf(at.folder)).toBe(0o750)
  })
})

describe('a connection', () => {
  it('that writes syncs every commit, waits for nobody and trusts no schema', async () => {
    using at = await aLog()
    using database = openWriterConnection(at.log)
    const names = ['journal_mode', 'synchronous', 'fullfsync', 'busy_timeout', 'trusted_schema']
    expect(names.map((name) => pragma(database, name))).toEqual(['wal', 2n, 1n, 0n, 0n])
  })

  it('that reads cannot write', async () => {
    using at = await aLog()
    using database = openReaderConnection(at.log)
    expect(() => database.exec('CREATE TABLE other (a)')).toThrow('readonly')
  })

  it('is refused when SQLite does not keep a setting', () => {
    expect(() => openWriterConnection(':memory:')).toThrow('SQLite keeps')
  })
})

describe('a log is not opened', () => {
  it('by an old SQLite', () => {
    for (const version of ['3.51.2', '3.9.9', '2.99.0', ''])
      expect(() => refuseOldSqlite(version)).toThrow('Daybook needs 3.51.3 or newer')
    for (const version of ['3.51.3', '3.53.0', '4.0', process.versions['sqlite']])
      expect(() => refuseOldSqlite(version)).not.toThrow()
  })

  it.skipIf(process.platform !== 'linux').each([
    ['NFS', 0x6969],
    ['SMB', 0x517b],
    ['CIFS', 0xff534d42],
    ['SMB2', 0xfe534d42],
    ['9p', 0x01021997],
    ['Ceph', 0x00c36400],
    ['FUSE', 0x65735546],
  ])('on %s', (name, type) => {
    expect(() => refuseNetworkFolder('/data', () => type)).toThrow(`/data is on ${name}`)
    expect(() => refuseNetworkFolder('/data', () => 0xef53)).not.toThrow()
  })

  it('that a newer Daybook wrote', async () => {
    using at = await aLog()
    inDatabase(at.log, 'PRAGMA user_version = 2')
    await expect(openSqliteEventStore({ folder: at.folder })).rejects.toMatchObject({
      name: 'EventLogRefused',
      message: `${at.log} has schema version 2, this Daybook knows up to 1.`,
    })
  })

  it("that is another program's database, which is left as it was", async () => {
    using at = aFolder()
    inDatabase(join(at.parent, 'log.db'), 'CREATE TABLE notes (text); PRAGMA application_id = 7')
    const before = readFileSync(join(at.parent, 'log.db'))
    await expect(openSqliteEventStore({ folder: at.parent })).rejects.toMatchObject({
      name: 'EventLogRefused',
      message: `${join(at.parent, 'log.db')} is not a Daybook log.`,
    })
    expect(readFileSync(join(at.parent, 'log.db')).equals(before)).toBe(true)
  })

  it('that is no database', async () => {
    using at = aFolder()
    writeFileSync(join(at.parent, 'log.db'), 'dear daybook, '.repeat(1_000))
    await expect(openSqliteEventStore({ folder: at.parent })).rejects.toThrow('not a Daybook log')
  })

  it('that is cut short', async () => {
    using at = await aLog()
    truncateSync(at.log, statSync(at.log).size / 2)
    await expect(openSqliteEventStore({ folder: at.folder })).rejects.toMatchObject({
      name: 'EventLogDamaged',
      message: `${at.log} is damaged: database disk image is malformed. Keep the folder, and restore a backup.`,
    })
  })

  it('whose newest events are not where their index says', async () => {
    using at = await aLog()
    inDatabase(
      at.log,
      `DROP TRIGGER events_are_never_deleted;
       DELETE FROM events WHERE position = 990;
       CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
         BEGIN SELECT raise(ABORT, ''); END`,
    )
    await expect(openSqliteEventStore({ folder: at.folder })).rejects.toMatchObject({
      name: 'EventLogDamaged',
      message: expect.stringContaining('revision 990 is out of place'),
    })
  })

  it.each(['TABLE events', 'TRIGGER events_are_never_changed'])(
    'that has lost its %s',
    async (lost) => {
      using at = await aLog()
      inDatabase(at.log, `DROP ${lost}`)
      await expect(openSqliteEventStore({ folder: at.folder })).rejects.toMatchObject({
        name: 'EventLogDamaged',
      })
    },
  )
})

describe('a page damaged in the middle of the log', () => {
  it('is named by the read that meets it', async () => {
    using at = await aLog()
    const bytes = readFileSync(at.log)
    bytes.fill(0xff, 10 * 4096, 40 * 4096)
    writeFileSync(at.log, bytes)
    await using store = await openSqliteEventStore({ folder: at.folder })
    await expect(store.readAll(undefined, 1_000)).rejects.toMatchObject({
      name: 'EventLogDamaged',
    })
  })
})

describe('an empty file', () => {
  it('becomes a log: a process may have died between making it and writing to it', async () => {
    using at = aFolder()
    writeFileSync(join(at.parent, 'log.db'), '')
    await using store = await openSqliteEventStore({ folder: at.parent })
    await store.append('ledger-first', someEvents(1), 'no-stream')
  })
})

describe('a new folder', () => {
  it('can be opened by many at once', async () => {
    using at = aFolder()
    const open = () => openSqliteEventStore({ folder: at.folder })
    const stores = await Promise.all([open(), open(), open(), open()])
    await Promise.all(stores.map((store) => store.append(aStream(), someEvents(2), 'no-stream')))
    expect(await stores[0].readAll(undefined, 10)).toHaveLength(8)
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()))
  })
})

function inDatabase(path: string, sql: string): void {
  using database = new DatabaseSync(path)
  database.exec(sql)
}
