import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'

/** Whether nothing can be made in a folder that is there: a read-only disk, or the folder of somebody else. */
export function isReadOnlyFolder(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return false
  } catch {
    return existsSync(folder)
  }
}

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
