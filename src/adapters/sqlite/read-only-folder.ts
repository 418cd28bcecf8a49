import { accessSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'

/** Whether nothing can be made in a folder that is there: a read-only disk, or the folder of somebody else. */
export function isReadOnlyFolder(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
  } catch {
    return existsSync(folder)
  }
  return refusesFiles(folder)
}

/**
 * A disk that turned read-only by an error (ext4: `emergency_ro`) still says of its folders that they may be written. Asked
 * for a file without a name, which leaves nothing behind; what can't make such files at all says something else.
 */
function refusesFiles(folder: string): boolean {
  if (process.platform !== 'linux') return false
  try {
    closeSync(openSync(folder, namelessFile | constants.O_WRONLY, 0o600))
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && readOnlyCodes.has(error.code)
  }
}

/** Linux's O_TMPFILE, which Node has no name for. */
const namelessFile = 0o20000000 | constants.O_DIRECTORY
const readOnlyCodes: ReadonlySet<unknown> = new Set(['EROFS', 'EPERM', 'EACCES'])

/**
 * Where SQLite opens a database for reading. In a read-only folder it can't make the `-shm` that it needs: a file that was
 * closed is read as one that never changes, and one that was not only with the `-shm` that is there.
 * @throws {EventLogRefused} where that can't be; one sentence that says what to do.
 */
export function placeToRead(path: string): string | URL {
  if (!isReadOnlyFolder(dirname(path))) return path
  if (bytesOf(`${path}-wal`) === 0n) return immutable(path)
  refuseUnreadable(path)
  return path
}

function immutable(path: string): URL {
  const url = pathToFileURL(path)
  url.searchParams.set('immutable', '1')
  return url
}

function refuseUnreadable(path: string): void {
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: 0 })
    database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get()
  } catch (error) {
    throw new EventLogRefused(
      `${path} was not closed, and its folder is read-only: copy the folder to a disk that can be written, and use the copy.`,
      { cause: error },
    )
  }
}

function bytesOf(path: string): bigint {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.size ?? 0n
}
