import { randomUUID } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { takeBackupPlace } from '#adapters/sqlite/backup-place.ts'
import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { aStream, everything, someEvents } from '#test/contracts/event-store.ts'

async function aLog() {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-backup-'))
  const store = await openSqliteEventStore({ folder: join(folder, 'data') })
  const dispose = async () => {
    await store[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  }
  return { folder, store, copy: join(folder, 'copy.db'), [Symbol.asyncDispose]: dispose }
}

describe('a backup', () => {
  it('of a log that is appended to is one moment of it, and opens as a log', async () => {
    await using log = await aLog()
    for (let at = 0; at < 20; at += 1)
      await log.store.append(aStream(), someEvents(500), 'no-stream')
    const before = await everything(log.store, undefined, 1_000)
    const finished = new AbortController()
    const appending = Array.from({ length: 4 }, async () => {
      const stream = aStream()
      for (let at = 0; !finished.signal.aborted; at += 1)
        await log.store.append(stream, someEvents(2), at === 0 ? 'no-stream' : BigInt(at * 2 - 1))
    })
    await log.store.backup(log.copy)
    finished.abort()
    await Promise.all(appending)

    const restored = join(log.folder, 'restored')
    mkdirSync(restored)
    copyFileSync(log.copy, join(restored, 'log.db'))
    await using store = await openSqliteEventStore({ folder: restored })
    const events = await everything(store, undefined, 1_000)
    const all = await everything(log.store, undefined, 1_000)
    expect(events.length).toBeGreaterThanOrEqual(before.length)
    expect(events).toEqual(all.slice(0, events.length))
    await store.append(aStream(), someEvents(1), 'no-stream')
  })

  it('is one file, with nothing beside it', async () => {
    await using log = await aLog()
    await log.store.append(aStream(), someEvents(3), 'no-stream')
    await log.store.backup(log.copy)
    expect(readdirSync(log.folder).toSorted()).toEqual(['copy.db', 'data'])
  })

  it('of an empty log is an empty log', async () => {
    await using log = await aLog()
    await log.store.backup(log.copy)
    using copy = new DatabaseSync(log.copy)
    expect(copy.prepare('SELECT count(*) AS events FROM events').get()).toEqual({ events: 0 })
  })

  it('never replaces a file', async () => {
    await using log = await aLog()
    writeFileSync(log.copy, 'mine')
    await expect(log.store.backup(log.copy)).rejects.toMatchObject({ name: 'EventLogRefused' })
    await Promise.allSettled([
      log.store.backup(join(log.folder, 'twice.db')),
      log.store.backup(join(log.folder, 'twice.db')),
    ]).then((outcomes) =>
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']),
    )
    expect(readdirSync(log.folder).toSorted()).toEqual(['copy.db', 'data', 'twice.db'])
  })

  it.each(['nothing', 'a backup'])('clears what killed ones left where %s is', async (there) => {
    await using log = await aLog()
    if (there === 'a backup') await log.store.backup(log.copy)
    const [one, two] = [`.${randomUUID()}.unfinished`, `.${randomUUID()}.unfinished`]
    const left = [one, `${one}-journal`, `${two}-wal`, `${two}-shm`]
    for (const end of [...left, '.lock']) writeFileSync(`${log.copy}${end}`, '')
    const id = randomUUID()
    const others = [
      'copy.db.mine',
      'copy.db.old.unfinished',
      `copy.db.ndjson.${id}.unfinished`,
      `other.db.${id}.unfinished`,
    ]
    for (const name of others) writeFileSync(join(log.folder, name), 'mine')
    const [made] = await Promise.allSettled([log.store.backup(log.copy)])
    expect(made.status).toBe(there === 'nothing' ? 'fulfilled' : 'rejected')
    expect(readdirSync(log.folder).toSorted()).toEqual(['copy.db', ...others, 'data'].toSorted())
  })

  it('is refused while another one to the same file is being made, and lets that one be', async () => {
    await using log = await aLog()
    {
      using other = takeBackupPlace(log.copy)
      await expect(log.store.backup(log.copy)).rejects.toThrow(
        new EventLogRefused(`another backup to ${log.copy} is being made.`),
      )
      expect(existsSync(other.unfinished)).toBe(true)
      await log.store.backup(join(log.folder, 'elsewhere.db'))
    }
    expect(readdirSync(log.folder).toSorted()).toEqual(['data', 'elsewhere.db'])
    await log.store.backup(log.copy)
  })

  it('makes the folder where there is none, for its owner alone', async () => {
    await using log = await aLog()
    const folder = join(log.folder, 'new', 'folder')
    await log.store.backup(join(folder, 'copy.db'))
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    await expect(log.store.backup('/proc/new/copy.db')).rejects.toThrow(
      /\/proc\/new cannot be made/,
    )
  })

  it('of a damaged log fails and leaves no file', async () => {
    await using log = await aLog()
    await log.store.append(aStream(), someEvents(500), 'no-stream')
    using database = new DatabaseSync(join(log.folder, 'data', 'log.db'), { defensive: false })
    database.exec(
      `PRAGMA writable_schema = ON;
       UPDATE sqlite_schema SET rootpage = 2 WHERE type = 'index'; PRAGMA writable_schema = OFF`,
    )
    await expect(log.store.backup(log.copy)).rejects.toMatchObject({ name: 'EventLogDamaged' })
    expect(existsSync(log.copy)).toBe(false)
    expect(readdirSync(log.folder)).toEqual(['data'])
  })
})
