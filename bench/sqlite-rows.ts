import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { z } from 'zod'

/**
 * SQLite alone: stores in new files, in order and as safely, the rows of the newest revisions that a stopped program has
 * in its folder, and says what that takes of the processors. A document is stored once, however often the program rewrote
 * it: nobody who stores these rows takes less. Prints one line of JSON.
 */

const settings = z.object({
  /** The program's folder, and an empty one. */
  from: z.string(),
  to: z.string(),
  /** Of each ledger: how many revisions are stored, and how many share a commit of the log and of the read models. */
  revisions: z.number().int().positive(),
  logCommit: z.number().int().positive(),
  modelsCommit: z.number().int().positive(),
})

type Given = z.infer<typeof settings>

/** One table of the source: its rows between two revisions, and how one is stored in the copy. */
type Table = { readonly rows: StatementSync; readonly store: StatementSync }

type Stored = { readonly microseconds: number; readonly rows: number }

type Storing = { readonly last: number; readonly commit: number; readonly pragmas: string }

function storeAgain(
  { from, to, revisions }: Given,
  name: string,
  { last, commit, pragmas }: Storing,
): Stored {
  using source = new DatabaseSync(join(from, name), { readOnly: true })
  using copy = new DatabaseSync(join(to, name))
  copy.exec(`PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; ${pragmas}`)
  const schema = source.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL').all()
  for (const { sql } of schema) copy.exec(String(sql))
  const tables = tablesOf(source)
  const both = tables.map((table) => tableOf(source, copy, table))
  const stored = { microseconds: 0, rows: 0 }
  for (let first = Math.max(0, last - revisions + 1); first <= last; first += commit) {
    const rows = both.map((table) => table.rows.all(first, Math.min(first + commit - 1, last)))
    stored.microseconds += storing(copy, () => {
      for (const [index, { store }] of both.entries())
        for (const row of rows[index] ?? []) store.run(...Object.values(row))
    })
    stored.rows += rows.reduce((sum, each) => sum + each.length, 0)
  }
  return stored
}

/** What one transaction takes, its commit and what the write-ahead log then carries over with it. */
function storing(copy: DatabaseSync, store: () => void): number {
  const begun = process.cpuUsage()
  copy.exec('BEGIN IMMEDIATE')
  store()
  copy.exec('COMMIT')
  const { user, system } = process.cpuUsage(begun)
  return user + system
}

/** The events, or the read models: what has a revision and a text. */
function tablesOf(source: DatabaseSync): readonly string[] {
  const text = `SELECT name FROM sqlite_schema AS s WHERE type = 'table' AND
    (SELECT count(*) FROM pragma_table_info(s.name) WHERE name IN ('revision', 'json', 'document')) = 2`
  return source
    .prepare(text)
    .all()
    .map(({ name }) => String(name))
}

function tableOf(source: DatabaseSync, copy: DatabaseSync, name: string): Table {
  const rows = source.prepare(
    `SELECT * FROM "${name}" WHERE revision BETWEEN ? AND ? ORDER BY revision, rowid`,
  )
  const marks = rows.columns().map(() => '?')
  return { rows, store: copy.prepare(`INSERT INTO "${name}" VALUES (${marks.join()})`) }
}

/** The newest that every ledger of the log has. */
function lastRevision(folder: string): number {
  using log = new DatabaseSync(join(folder, 'log.db'), { readOnly: true })
  const text = `SELECT min(head) AS head FROM
    (SELECT max(revision) AS head FROM events WHERE stream LIKE 'ledger-%' GROUP BY stream)`
  return Number(log.prepare(text).get()?.['head'])
}

const given = settings.parse(JSON.parse(process.argv[2] ?? '{}'))
const last = lastRevision(given.from)
const log = storeAgain(given, 'log.db', {
  last,
  commit: given.logCommit,
  pragmas: 'PRAGMA synchronous = FULL',
})
const models = storeAgain(given, 'read-models.db', {
  last,
  commit: given.modelsCommit,
  pragmas: 'PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536',
})
process.stdout.write(`${JSON.stringify({ log, models })}\n`)
