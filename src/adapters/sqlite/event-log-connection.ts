import { DatabaseSync } from 'node:sqlite'
import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'
import { placeToRead } from '#adapters/sqlite/read-only-folder.ts'

type Pragmas = Readonly<Record<string, string | bigint>>

/** Both kinds of connection: waiting is ours (timeout 0), damaged pages and foreign schemas are not trusted. */
const commonPragmas: Pragmas = {
  busy_timeout: 0n,
  cell_size_check: 1n,
  trusted_schema: 0n,
  mmap_size: 0n,
  cache_size: -16_384n,
}

/** The connection that appends: one fsync in every COMMIT, before anyone can see what it stored. */
const writerPragmas: Pragmas = {
  ...commonPragmas,
  journal_mode: 'wal',
  locking_mode: 'normal',
  synchronous: 2n,
  fullfsync: 1n,
  checkpoint_fullfsync: 1n,
  wal_autocheckpoint: 4000n,
  journal_size_limit: 67_108_864n,
  temp_store: 2n,
}

const readerPragmas: Pragmas = { ...commonPragmas, query_only: 1n }

/** Opens the log for appending. @throws SQLite's busy error while another process opens or recovers it. */
export function openWriterConnection(path: string): DatabaseSync {
  return configured(new DatabaseSync(path, options), writerPragmas)
}

/** Opens the log for reading, in a read-only folder too; sees what is committed when a statement begins. */
export function openReaderConnection(path: string): DatabaseSync {
  const place = placeToRead(path)
  return configured(new DatabaseSync(place, { ...options, readOnly: true }), readerPragmas)
}

const options = { timeout: 0, readBigInts: true, defensive: true } as const

function configured(database: DatabaseSync, pragmas: Pragmas): DatabaseSync {
  try {
    for (const [name, value] of Object.entries(pragmas)) setPragma(database, name, value)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLite ignores what it does not know or cannot do, so every setting is read back. */
function setPragma(database: DatabaseSync, name: string, value: string | bigint): void {
  database.exec(`PRAGMA ${name} = ${value}`)
  const actual = pragma(database, name)
  if (actual !== value)
    throw new EventLogRefused(
      `SQLite keeps ${name} at ${String(actual)} where Daybook needs ${value}.`,
    )
}

/** The value of a pragma that answers one column. */
export function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
}
