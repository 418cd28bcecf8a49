import { closeSync, fsyncSync, linkSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { alreadyThere, takeBackupPlace } from '#adapters/sqlite/backup-place.ts'
import { openReaderConnection, pragma } from '#adapters/sqlite/event-log-connection.ts'
import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'
import { syncFolder } from '#adapters/sqlite/event-log-file.ts'
import { logApplicationId, logSchemaVersion } from '#adapters/sqlite/event-log-format.ts'
import { checkEveryPage, namingDamage } from '#adapters/sqlite/event-log-inspection.ts'
import { reasonOf, whenFree } from '#adapters/sqlite/sqlite-results.ts'
import { EventLogDamaged } from '#ports/event-store.ts'

const pagesPerStep = 1_000

/**
 * Copies the log at `path` into the new file `to`, which appears only when it is whole, checked and durable.
 * @throws {EventLogRefused | EventLogDamaged}
 */
export async function copyEventLog(path: string, to: string): Promise<void> {
  using place = takeBackupPlace(resolve(to))
  const { unfinished } = place
  const last = await copy(path, unfinished)
  checkCopy(unfinished, last)
  syncFile(unfinished)
  publish(unfinished, resolve(to))
}

/** Answers the last position copied. */
async function copy(path: string, to: string): Promise<unknown> {
  using source = await whenFree(() => openReaderConnection(path))
  // One read transaction around it all: SQLite starts a copy anew whenever another connection has written.
  source.exec('BEGIN')
  const last = await whenFree(() => lastPosition(source))
  await backup(source, to, { rate: pagesPerStep })
  source.exec('COMMIT')
  return last
}

/** Also makes it one file without a WAL beside it; the store that opens it turns WAL on again. */
function checkCopy(path: string, last: unknown): void {
  using database = new DatabaseSync(path, { readBigInts: true })
  namingDamage(path, () => {
    database.exec('PRAGMA journal_mode = DELETE')
    checkEveryPage(path, database)
    const same =
      pragma(database, 'application_id') === logApplicationId &&
      pragma(database, 'user_version') === logSchemaVersion &&
      lastPosition(database) === last
    if (!same) throw new EventLogDamaged(`${path} is not what was copied`)
  })
}

function lastPosition(database: DatabaseSync): unknown {
  return database.prepare('SELECT max(position) AS last FROM events').get()?.['last']
}

/** Only after SQLite has closed the file: closing it here would cancel SQLite's locks. */
function syncFile(path: string): void {
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}

/** A link, unlike a rename, never replaces. */
function publish(unfinished: string, to: string): void {
  try {
    linkSync(unfinished, to)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw alreadyThere(to)
    throw new EventLogRefused(`${to} cannot be made: ${reasonOf(error)}`, { cause: error })
  }
  syncFolder(dirname(to))
}
