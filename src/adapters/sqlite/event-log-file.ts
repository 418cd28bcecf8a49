import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { openingLog } from '#adapters/sqlite/database-outage.ts'
import { openWriterConnection, pragma } from '#adapters/sqlite/event-log-connection.ts'
import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'
import { inspectEventLog, refuseLostFile } from '#adapters/sqlite/event-log-inspection.ts'
import {
  logApplicationId,
  logFileName,
  logSchema,
  logSchemaVersion,
} from '#adapters/sqlite/event-log-format.ts'
import { refuseNetworkFolder } from '#adapters/sqlite/network-folder.ts'
import { isReadOnlyFolder } from '#adapters/sqlite/read-only-folder.ts'
import { isDiskFull, reasonOf, whenFree } from '#adapters/sqlite/sqlite-results.ts'
import { refuseOldSqlite } from '#adapters/sqlite/sqlite-version.ts'

/**
 * Makes the folder (0700) and the log (0600) where there are none, refuses what is not a sound log of a known
 * version, and answers the log's path. Leaves an existing folder's mode alone.
 * @throws {EventLogRefused | EventLogDamaged}
 */
export async function prepareEventLog(folder: string): Promise<string> {
  refuseOldSqlite()
  makeFolder(resolve(folder))
  refuseNetworkFolder(folder)
  if (isReadOnlyFolder(resolve(folder)))
    throw new EventLogRefused(`The data folder ${folder} is read-only.`)
  const path = join(resolve(folder), logFileName)
  await openingLog(path, async () => {
    refuseLostFile(path)
    const created = makePrivateFile(path)
    if (created) syncFolder(dirname(path))
    await whenFree(() => inspectEventLog(path))
    await whenFree(() => settle(path))
  })
  return path
}

/** Makes an empty file only its owner can read, whatever the umask; false when there is one already. */
export function makePrivateFile(path: string): boolean {
  const file = openNew(path)
  if (file === undefined) {
    // Not where nothing is to change: a disk that has turned read-only refuses it all the same.
    if ((statSync(path).mode & 0o777) !== 0o600) chmodSync(path, 0o600)
    return false
  }
  fchmodSync(file, 0o600)
  closeSync(file)
  return true
}

/** Exclusive: a file that is there is not even opened, since closing it would cancel the locks of a database in use. */
function openNew(path: string): number | undefined {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined
    throw error
  }
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

/**
 * Makes a folder (0700) and those above it where there are none, their names durable. Folder by folder: Node's recursive
 * mkdir never ends where a parent is there and takes no folders (as in /proc).
 * @throws {EventLogRefused}
 */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return requireFolder(folder)
  const parent = dirname(folder)
  makeFolder(parent)
  try {
    mkdirSync(folder, 0o700)
    chmodSync(folder, 0o700)
  } catch (error) {
    if (existsSync(folder)) return requireFolder(folder)
    throw new EventLogRefused(`The folder ${folder} cannot be made: ${reasonOf(error)}.`)
  }
  syncFolder(parent)
}

function requireFolder(path: string): void {
  if (!statSync(path).isDirectory()) throw new EventLogRefused(`${path} is not a folder.`)
}

/**
 * Writes the schema into an empty file, and carries what is still in the WAL over to the database: a process killed
 * in its COMMIT may have left events there that are visible and not yet on the disk.
 */
function settle(path: string): void {
  using database = openWriterConnection(path)
  if (pragma(database, 'application_id') !== logApplicationId) createSchema(database)
  try {
    database.exec('PRAGMA wal_checkpoint(PASSIVE)')
  } catch (error) {
    if (!isDiskFull(error)) throw error
  }
}

function createSchema(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    if (pragma(database, 'application_id') !== logApplicationId) {
      database.exec(logSchema)
      database.exec(`PRAGMA application_id = ${logApplicationId}`)
      database.exec(`PRAGMA user_version = ${logSchemaVersion}`)
    }
    database.exec('COMMIT')
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK')
  }
}
