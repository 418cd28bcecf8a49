import { pathToFileURL } from 'node:url'
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import type { BuiltModel } from '#ports/read-models.ts'
import type { Sql } from '#adapters/sqlite/read-models-find.ts'
import { placeToRead } from '#adapters/sqlite/read-only-folder.ts'

/** A row by column; the values are looked at where rows become documents. */
export type Row = Readonly<Record<string, SQLOutputValue>>

/** A row's values alone. */
export type List = readonly unknown[]

type Pragmas = Readonly<Record<string, string | number>>

type Options = {
  readonly path: string
  readonly readOnly: boolean
  /** By default SQLite makes a file that is not there. */
  readonly isThere?: boolean
  readonly pragmas: Pragmas
}

/** Statements kept ready per connection, of either kind; the oldest goes first. */
const statementsMax = 200

/** One connection and the statements it has prepared. Every statement is reset before a method returns. */
export class ReadModelConnection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #listing = new Map<string, StatementSync>()
  /** The tables of the collections seen whole on this connection, as long as the schema is the same. */
  readonly collections = new Set<string>()
  /** What serves of each model, as long as the schema is the same: a switch counts it up. */
  readonly serving = new Map<object, BuiltModel | undefined>()
  #schema: unknown

  constructor({ path, readOnly, isThere = false, pragmas }: Options) {
    const options = { readOnly, timeout: 0, readBigInts: true, defensive: true } as const
    const place = isThere ? placeOfExisting(path) : path
    this.#database = new DatabaseSync(readOnly ? placeToRead(path) : place, options)
    try {
      this.configure(pragmas)
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  /** SQLite ignores what it does not know or cannot do, so every setting is read back. */
  configure(pragmas: Pragmas): void {
    for (const [name, value] of Object.entries(pragmas)) {
      this.exec(`PRAGMA ${name} = ${value}`)
      const actual = String(this.pragma(name))
      if (actual !== String(value))
        throw new Error(`SQLite keeps ${name} at ${actual}, not ${value}`)
    }
  }

  /** Whether the schema is another one than when this was last asked, or was never looked at; then nothing is known of it. */
  schemaChanged(): boolean {
    const schema = this.pragma('schema_version')
    if (schema === this.#schema) return false
    this.#schema = schema
    this.collections.clear()
    this.serving.clear()
    return true
  }

  /** Counted up by every change of the schema, as `schemaChanged` last saw it. */
  get schema(): unknown {
    return this.#schema
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  all({ text, values }: Sql): Row[] {
    return this.prepare(text).all(...values)
  }

  /** The rows as their values in the order of the columns: measured, a fifth cheaper than by column. */
  lists({ text, values }: Sql): List[] {
    const statement = this.#remembered(this.#listing, text)
    statement.setReturnArrays(true)
    return statement.all(...values).map(listOf)
  }

  one({ text, values }: Sql): Row | undefined {
    return this.prepare(text).get(...values)
  }

  pragma(name: string): unknown {
    return Object.values(this.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  }

  prepare(sql: string): StatementSync {
    return this.#remembered(this.#statements, sql)
  }

  #remembered(statements: Map<string, StatementSync>, sql: string): StatementSync {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    const oldest = statements.keys().next()
    if (statements.size >= statementsMax && oldest.done !== true) statements.delete(oldest.value)
    statements.set(sql, statement)
    return statement
  }

  /** For a statement that is run for every document and gives no rows: its counts are numbers, which cost less than bigints. */
  prepareToCount(sql: string): StatementSync {
    const statement = this.prepare(sql)
    statement.setReadBigInts(false)
    return statement
  }

  /** Runs `work` in one write transaction that is kept where it answers true. @throws SQLite's busy error at once. */
  transaction(work: () => boolean): boolean {
    this.exec('BEGIN IMMEDIATE')
    try {
      const keep = work()
      this.exec(keep ? 'COMMIT' : 'ROLLBACK')
      return keep
    } finally {
      // A full disk has rolled back already.
      if (this.#database.isTransaction) this.exec('ROLLBACK')
    }
  }

  /** Carries over to the file what readers let it; waits for nobody. */
  checkpoint(): void {
    this.prepare('PRAGMA wal_checkpoint(PASSIVE)').get()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  close(): void {
    for (const statements of [this.#statements, this.#listing]) statements.clear()
    this.#database.close()
  }
}

function placeOfExisting(path: string): URL {
  const url = pathToFileURL(path)
  url.searchParams.set('mode', 'rw')
  return url
}

/** What `setReturnArrays` makes of a row. */
function listOf(row: unknown): List {
  if (!Array.isArray(row)) throw new TypeError('a row is no list')
  return row
}
