import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, makePrivateFile } from '#adapters/sqlite/event-log-file.ts'
import { refuseNetworkFolder } from '#adapters/sqlite/network-folder.ts'
import { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { isCorrupt, isNotADatabase, whenFree } from '#adapters/sqlite/sqlite-results.ts'
import { refuseOldSqlite } from '#adapters/sqlite/sqlite-version.ts'

/** The folder of kept books in the data folder: snapshots, the index, and what says whose turn it is to keep. */
export const booksFolderName = 'books'

const indexFileName = 'index.db'
const turnFileName = 'turn.db'
const snapshotEnd = '.snapshot'
const unfinishedEnd = '.unfinished'

// A snapshot that is still being written after so long never will be.
const unfinishedMsMax = 3_600_000

/** Marks a file as an index of books ("DbBI"). */
const applicationId = 0x44_62_42_49n

/** The layout below and what filter and marks hash to. A file of another one is made anew: all of it comes from the log. */
const layoutVersion = 3n

const schema = `
CREATE TABLE ledgers (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  ledger TEXT NOT NULL UNIQUE,
  facts_to INTEGER NOT NULL,
  facts_event TEXT NOT NULL,
  filter_to INTEGER NOT NULL,
  filter_layers INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE TABLE discarded (number INTEGER PRIMARY KEY) STRICT;
CREATE TABLE facts (
  ledger INTEGER NOT NULL, kind INTEGER NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL,
  value TEXT NOT NULL, checksum INTEGER NOT NULL,
  PRIMARY KEY (ledger, kind, key, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE marks (
  ledger INTEGER NOT NULL, run INTEGER NOT NULL, hash INTEGER NOT NULL, revision INTEGER NOT NULL,
  PRIMARY KEY (ledger, run, hash, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE layers (
  ledger INTEGER NOT NULL, layer INTEGER NOT NULL, count INTEGER NOT NULL, bits BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ledger, layer)
) STRICT;
`

/** Damaged pages are noticed. A look-up waits a moment at most, on the thread that asks. */
const commonPragmas = {
  busy_timeout: 100,
  cell_size_check: 1,
  trusted_schema: 0,
  temp_store: 2,
  cache_size: -8_192,
}

/** FULL: a snapshot must not be durable before what it leaves to the index. */
const writerPragmas = {
  busy_timeout: 5_000,
  journal_mode: 'wal',
  synchronous: 2,
  journal_size_limit: 16_777_216,
}

/** The files of a folder of kept books. */
export class BooksFiles {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Makes folder and index where there are none, and an index anew that is of another layout or damaged. */
  async prepare(): Promise<void> {
    refuseOldSqlite()
    makeFolder(this.folder)
    refuseNetworkFolder(this.folder)
    this.#removeUnfinished()
    try {
      await whenFree(() => this.#settle())
    } catch (error) {
      if (!(error instanceof OtherLayout) && !isCorrupt(error) && !isNotADatabase(error))
        throw error
      this.removeIndex()
      await whenFree(() => this.#settle())
    }
  }

  openToRead(): ReadModelConnection {
    const pragmas = { query_only: 1, ...commonPragmas }
    return new ReadModelConnection({ path: this.#index, readOnly: true, pragmas })
  }

  openToWrite(): ReadModelConnection {
    const pragmas = { ...commonPragmas, ...writerPragmas }
    return new ReadModelConnection({ path: this.#index, readOnly: false, pragmas })
  }

  /** Nothing is ever stored in it; who holds its lock has the turn, and a process that ends gives it back. */
  openTurn(): ReadModelConnection {
    const path = join(this.folder, turnFileName)
    makePrivateFile(path)
    return new ReadModelConnection({ path, readOnly: false, pragmas: { busy_timeout: 0 } })
  }

  /** Who has it open goes on with a file that has no name any more. Never opened here: closing would cancel locks. */
  removeIndex(): void {
    for (const end of ['', '-wal', '-shm']) rmSync(`${this.#index}${end}`, { force: true })
  }

  snapshot(ledgerId: string): string {
    return join(this.folder, `${ledgerId}${snapshotEnd}`)
  }

  unfinished(name: string): string {
    return join(this.folder, `${name}${unfinishedEnd}`)
  }

  get #index(): string {
    return join(this.folder, indexFileName)
  }

  #settle(): void {
    makePrivateFile(this.#index)
    const connection = this.openToWrite()
    try {
      makeLayout(connection)
    } finally {
      connection.close()
    }
  }

  #removeUnfinished(): void {
    for (const name of readdirSync(this.folder)) {
      if (!name.endsWith(unfinishedEnd)) continue
      const path = join(this.folder, name)
      const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
      if (age > unfinishedMsMax) rmSync(path, { force: true })
    }
  }
}

class OtherLayout extends Error {}

/** Takes no lock where there is nothing to do: another process may be writing. */
function makeLayout(connection: ReadModelConnection): void {
  if (hasLayout(connection)) return
  connection.transaction(() => {
    if (hasLayout(connection)) return false
    if (connection.pragma('schema_version') !== 0n) throw new OtherLayout('it is no index')
    connection.exec(schema)
    connection.exec(`PRAGMA application_id = ${applicationId}`)
    connection.exec(`PRAGMA user_version = ${layoutVersion}`)
    return true
  })
}

function hasLayout(connection: ReadModelConnection): boolean {
  if (connection.pragma('application_id') !== applicationId) return false
  if (connection.pragma('user_version') === layoutVersion) return true
  throw new OtherLayout('the index has another layout')
}
