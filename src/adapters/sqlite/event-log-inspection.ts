import { DatabaseSync } from 'node:sqlite'
import { pragma } from '#adapters/sqlite/event-log-connection.ts'
import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'
import { logApplicationId, logParts, logSchemaVersion } from '#adapters/sqlite/event-log-format.ts'
import { placeToRead } from '#adapters/sqlite/read-only-folder.ts'
import {
  awaitsRollback,
  isCorrupt,
  isNotADatabase,
  reasonOf,
} from '#adapters/sqlite/sqlite-results.ts'
import { sizeOf } from '#adapters/sqlite/wal-holes.ts'
import { EventLogDamaged } from '#ports/event-store.ts'

/** How many of the newest events are looked up both ways at start: where a torn write would show. */
const newestEventsChecked = 100

/**
 * What was acknowledged last may be in the write-ahead log alone, which SQLite deletes unread where the file that it
 * belongs to is gone or empty. Whoever makes a log fills its file before there is a write-ahead log: looked for in the
 * other order, both may come to be in between.
 * @throws {EventLogRefused}
 */
export function refuseLostFile(path: string): void {
  if (sizeOf(`${path}-wal`) === 0 || sizeOf(path) > 0) return
  throw new EventLogRefused(
    `${path} is gone or empty, and ${path}-wal has events that belong to it. Put it back where it was moved away; otherwise keep the folder and restore a backup elsewhere.`,
  )
}

/**
 * Looks whether the file is empty or a sound log of a known version, without changing it, but for taking back what a
 * killed process has half written. Cheap whatever the log's size; `checkEveryPage` is the thorough one.
 * @throws {EventLogRefused | EventLogDamaged}
 */
export function inspectEventLog(path: string): void {
  try {
    inspect(path)
  } catch (error) {
    if (!awaitsRollback(error)) throw error
    takeBackHalfWritten(path)
    inspect(path)
  }
}

/** Whoever is killed while the log is made leaves a journal, which only a connection that writes can take back. */
function takeBackHalfWritten(path: string): void {
  using database = new DatabaseSync(path, { timeout: 0 })
  isEmpty(database)
}

function inspect(path: string): void {
  const options = { readOnly: true, timeout: 0, readBigInts: true }
  using database = new DatabaseSync(placeToRead(path), options)
  namingDamage(path, () => {
    const identity = pragma(database, 'application_id')
    if (identity === 0n && isEmpty(database)) return
    if (identity !== logApplicationId) throw notALog(path)
    refuseOtherVersion(path, pragma(database, 'user_version'))
    checkParts(path, database)
    checkNewestEvents(path, database)
  })
}

/** Reads all of a log. Takes as long as that takes. @throws {EventLogDamaged} */
export function checkEveryPage(path: string, database: DatabaseSync): void {
  namingDamage(path, () => {
    const found = pragma(database, 'integrity_check(1)')
    if (found !== 'ok') throw new EventLogDamaged(`${path} is damaged: ${String(found)}`)
  })
}

/** Runs something that reads the log; SQLite's own errors about its bytes come out under our names. */
export function namingDamage<Result>(path: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw namedDamage(path, error)
  }
}

/** An error of SQLite's about bytes of the log under our names; another one as it is. */
export function namedDamage(path: string, error: unknown): unknown {
  if (isNotADatabase(error)) return notALog(path)
  return isCorrupt(error)
    ? new EventLogDamaged(`${path} is damaged: ${reasonOf(error)}`, { cause: error })
    : error
}

function notALog(path: string): EventLogRefused {
  return new EventLogRefused(`${path} is not a Daybook log.`)
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
}

function refuseOtherVersion(path: string, version: unknown): void {
  if (version === logSchemaVersion) return
  throw new EventLogRefused(
    `${path} has schema version ${String(version)}, this Daybook knows up to ${logSchemaVersion}.`,
  )
}

function checkParts(path: string, database: DatabaseSync): void {
  const found = new Set(
    database
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map((row) => row['name']),
  )
  for (const part of logParts)
    if (!found.has(part)) throw new EventLogDamaged(`${path} is damaged: it has no ${part}`)
}

/** The table and its index must tell the same of the newest events, and each must follow another of its stream. */
function checkNewestEvents(path: string, database: DatabaseSync): void {
  const wrong = database
    .prepare(
      `SELECT stream, revision FROM
         (SELECT position, stream, revision FROM events ORDER BY position DESC LIMIT ?) AS newest
       WHERE position IS NOT
         (SELECT position FROM events AS found WHERE found.stream = newest.stream AND found.revision = newest.revision)
       OR (revision > 0 AND NOT EXISTS
         (SELECT 1 FROM events AS before WHERE before.stream = newest.stream AND before.revision = newest.revision - 1))`,
    )
    .get(newestEventsChecked)
  if (wrong !== undefined)
    throw new EventLogDamaged(
      `${path} is damaged: ${String(wrong['stream'])} revision ${String(wrong['revision'])} is out of place`,
    )
}
