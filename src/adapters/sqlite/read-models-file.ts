import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder, makePrivateFile } from '#adapters/sqlite/event-log-file.ts'
import { refuseNetworkFolder } from '#adapters/sqlite/network-folder.ts'
import { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { refuseOldSqlite } from '#adapters/sqlite/sqlite-version.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'

/** The file's name in the data folder. */
export const readModelsFileName = 'read-models.db'

/** Marks a file as Daybook's read models ("DbRM"). */
const applicationId = 0x44_62_52_4dn

/** The layout below. A file of another layout is made anew: everything in it comes from the log. */
const layoutVersion = 6n

/** A ledger's checkpoints stand together: each event moves those of all models, and rewrites one page for it. */
export const layoutSchema = `
CREATE TABLE ledger_numbers (number INTEGER PRIMARY KEY, ledger_id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE builds (
  model TEXT NOT NULL, version INTEGER NOT NULL, build INTEGER NOT NULL,
  state TEXT NOT NULL, started_at TEXT NOT NULL,
  PRIMARY KEY (model, version, build)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints (
  model TEXT NOT NULL, version INTEGER NOT NULL, build INTEGER NOT NULL, ledger INTEGER NOT NULL,
  revision INTEGER NOT NULL, recorded_at TEXT NOT NULL, parked_revision INTEGER, parked_reason TEXT,
  PRIMARY KEY (ledger, model, version, build)
) STRICT, WITHOUT ROWID;
CREATE TABLE feeds (feed TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
  name TEXT PRIMARY KEY, holder TEXT NOT NULL, beat INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

/**
 * Measured beside 8192: the same processor time, and a quarter less is written where one ledger is busy, two fifths less
 * where a thousand are, since each touches pages of its own. Only a new file takes it.
 */
const pageSize = 4096

/** No pragma waits: waiting is ours. Damaged pages are noticed. */
const commonPragmas = { busy_timeout: 0, cell_size_check: 1, trusted_schema: 0, temp_store: 2 }

/**
 * NORMAL syncs at checkpoints only: a power cut may take the last commits, documents and checkpoints alike, and they
 * are folded again. A checkpoint every 8 MiB: measured, four times as much took as much time in all, and stood still for
 * three times as long.
 */
const writerPragmas = {
  journal_mode: 'wal',
  synchronous: 1,
  journal_size_limit: 67_108_864,
  // Who sorts all documents into an index may have two more: a tenth of the time.
  threads: 2,
}

/**
 * A connection that writes, to a file that has the layout by then; `checkpointPages` is how many pages of the write-ahead
 * log it leaves to others. @throws {ReadModelsUnavailable} where it is somebody else's.
 */
export function openToWrite(
  path: string,
  { cacheKiB, checkpointPages = 2_000 }: { cacheKiB: number; checkpointPages?: number | undefined },
): ReadModelConnection {
  const pragmas = { cache_size: -cacheKiB, ...commonPragmas }
  const connection = new ReadModelConnection({ path, readOnly: false, pragmas })
  try {
    if (!hasLayout(connection)) connection.exec(`PRAGMA page_size = ${pageSize}`)
    connection.configure({ ...writerPragmas, wal_autocheckpoint: checkpointPages })
    makeLayout(connection)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Where others checkpoint, a commit does so only above it, however long that takes. */
export const checkpointedPagesMax = 16_000

/** A connection that checkpoints a file that is there, and never while it writes. */
export function openToCheckpoint(path: string): ReadModelConnection {
  const pragmas = {
    ...commonPragmas,
    synchronous: writerPragmas.synchronous,
    wal_autocheckpoint: 0,
  }
  return new ReadModelConnection({ path, readOnly: false, isThere: true, pragmas })
}

/** Which file a path names: no other one has the mark for as long as somebody has this one open. */
export type FileMark = string

/** Undefined where there is no file. */
export function fileMark(path: string): FileMark | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev}:${found.ino}`
}

/** A connection that reads, and the file that it reads. */
export type Reading = { readonly connection: ReadModelConnection; readonly file: FileMark }

/** Undefined where there is no file yet. */
export function openToRead(path: string, cacheKiB: number): Reading | undefined {
  // Before it is opened: where it is made anew in between, the mark is the old one's, and the next look says so.
  const file = fileMark(path)
  if (file === undefined) return undefined
  const pragmas = { query_only: 1, cache_size: -cacheKiB, ...commonPragmas }
  return { connection: new ReadModelConnection({ path, readOnly: true, pragmas }), file }
}

/** Makes the folder (0700) and an empty file (0600) where there are none. @throws {EventLogRefused} */
export function makeReadModelsFile(path: string): void {
  refuseOldSqlite()
  makeFolder(dirname(path))
  refuseNetworkFolder(dirname(path))
  makePrivateFile(path)
}

/** Whether the file has this layout; false where it is empty or has another. @throws {ReadModelsUnavailable} where it is somebody else's. */
export function hasLayout(connection: ReadModelConnection): boolean {
  const id = connection.pragma('application_id')
  if (id === applicationId) return connection.pragma('user_version') === layoutVersion
  if (id === 0n && connection.pragma('schema_version') === 0n) return false
  throw new ReadModelsUnavailable('The read-model file is a database of something else.')
}

/** Gives the file this layout in one transaction, and drops all that another layout left. */
function makeLayout(connection: ReadModelConnection): void {
  connection.transaction(() => {
    if (hasLayout(connection)) return false
    const names = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
    for (const { name } of connection.all({ text: names, values: [] }))
      connection.exec(`DROP TABLE "${String(name)}"`)
    connection.exec(layoutSchema)
    connection.exec(`PRAGMA application_id = ${applicationId}`)
    connection.exec(`PRAGMA user_version = ${layoutVersion}`)
    return true
  })
}
