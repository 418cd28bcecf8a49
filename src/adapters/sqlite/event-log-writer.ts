import type { DatabaseSync, StatementSync } from 'node:sqlite'
import {
  type AppendMessage,
  eventsIn,
  type FromWorker,
  wrongRevision,
} from '#adapters/sqlite/event-store-messages.ts'
import {
  isBusy,
  isDiskFull,
  isStatementFault,
  reasonOf,
  whenFree,
} from '#adapters/sqlite/sqlite-results.ts'

/**
 * The one writing connection of a process: makes one transaction of many appends. Not for concurrent use. Between
 * two commits the lock is free for as long as the answer and the next message take: the gap other processes find.
 */
export class EventLogWriter {
  readonly #database: DatabaseSync
  readonly #head: StatementSync
  readonly #insert: StatementSync
  readonly #stored: StatementSync
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #savepoint: StatementSync
  readonly #release: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#head = database.prepare('SELECT max(revision) AS head FROM events WHERE stream = ?')
    this.#insert = database.prepare(
      'INSERT INTO events (stream, revision, id, type, json) VALUES (?, ?, ?, ?, ?)',
    )
    this.#stored = database.prepare(
      `SELECT position, id, type, json FROM events
       WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?`,
    )
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
    this.#savepoint = database.prepare('SAVEPOINT append')
    this.#release = database.prepare('RELEASE append')
  }

  /** Stores what can be stored of the appends and answers once that is durable; never throws SQLite's errors. */
  async commit(appends: readonly AppendMessage[]): Promise<FromWorker> {
    try {
      await whenFree(() => this.#begin.run())
    } catch (error) {
      return ['unavailable', reasonOf(error)]
    }
    try {
      const outcomes = appends.map((append) => this.#append(append))
      return this.#end(outcomes)
    } catch (error) {
      this.#rollBack()
      return ['unavailable', reasonOf(error)]
    }
  }

  /** A failed COMMIT may have reached the disk, but for the two errors that come before it does. */
  #end(outcomes: readonly string[]): FromWorker {
    try {
      this.#commit.run()
      return ['committed', outcomes]
    } catch (error) {
      if (isDiskFull(error) || isBusy(error)) throw error
      return ['unknown', reasonOf(error)]
    }
  }

  /** A full disk rolls back by itself. */
  #rollBack(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
  }

  /** The savepoint lets one append fail without the others. */
  #append(append: AppendMessage): string {
    this.#savepoint.run()
    try {
      const outcome = this.#place(append)
      this.#release.run()
      return outcome
    } catch (error) {
      if (!isStatementFault(error) || !this.#database.isTransaction) throw error
      this.#database.exec('ROLLBACK TO append')
      this.#release.run()
      return reasonOf(error)
    }
  }

  #place(append: AppendMessage): string {
    const [stream, expected] = append
    const first = expected === '' ? 0n : BigInt(expected) + 1n
    const head = this.#head.get(stream)?.['head']
    const next = typeof head === 'bigint' ? head + 1n : 0n
    if (first === next) return String(this.#insertAll(append, first))
    const position = first < next ? this.#positionOfSame(append, first) : undefined
    return position === undefined ? wrongRevision : position.toString()
  }

  #insertAll(append: AppendMessage, first: bigint): bigint | number {
    const [stream] = append
    let revision = first
    let position: bigint | number = 0
    for (const { id, type, json } of eventsIn(append)) {
      position = this.#insert.run(stream, revision, id, type, json).lastInsertRowid
      revision += 1n
    }
    return position
  }

  /** Where the last of the events is, if they all are there already, byte for byte: a retry. */
  #positionOfSame(append: AppendMessage, first: bigint): bigint | undefined {
    const [stream] = append
    const events = eventsIn(append)
    const stored = this.#stored.all(stream, first, events.length)
    if (stored.length < events.length) return undefined
    const same = stored.every((row, index) => {
      const event = events[index]
      return row['id'] === event?.id && row['type'] === event?.type && row['json'] === event?.json
    })
    const position = stored.at(-1)?.['position']
    return same && typeof position === 'bigint' ? position : undefined
  }
}
