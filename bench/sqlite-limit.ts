import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'

/** The limit of batches: rows per second of SQLite's own durable insert of such events, `perCommit` to a commit. */
export function sqliteInsertsPerSecond(seconds: number, perCommit: number, json: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-bench-'))
  try {
    using database = new DatabaseSync(join(folder, 'limit.db'))
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec(
      'CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT, revision INTEGER, type TEXT, json TEXT, UNIQUE (stream, revision)) STRICT',
    )
    const insert = database.prepare(
      'INSERT INTO events (stream, revision, type, json) VALUES (?, ?, ?, ?)',
    )
    let rows = 0
    const begun = performance.now()
    while (performance.now() - begun < seconds * 1000) {
      database.exec('BEGIN IMMEDIATE')
      for (let index = 0; index < perCommit; index += 1)
        insert.run('ledger-bench', rows++, 'TransactionPosted', json)
      database.exec('COMMIT')
    }
    return (rows * 1000) / (performance.now() - begun)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
