import assert from 'node:assert/strict'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { EventLogDamaged, type ExpectedRevision, type StoredEvent } from '#ports/event-store.ts'

/** A page ends at the event with which it reaches one of these, though more may follow; only an empty page is the end. */
export const pageEventsMax = 1_000
export const pageBytesMax = 4 * 1024 * 1024

/** Reads pages of the log, synchronously: a page is small, and a read left open would stop WAL checkpoints. */
export class EventLogReader {
  readonly #stream: StatementSync
  readonly #all: StatementSync
  readonly #head: StatementSync
  readonly #end: StatementSync
  readonly #nextStream: StatementSync

  constructor(database: DatabaseSync) {
    const columns = 'SELECT stream, revision, position, type, json FROM events'
    this.#stream = database.prepare(
      `${columns} WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?`,
    )
    this.#all = database.prepare(`${columns} WHERE position > ? ORDER BY position LIMIT ?`)
    // Measured: a row as a list is read in three fifths of the time that it takes as an object.
    for (const statement of [this.#stream, this.#all]) statement.setReturnArrays(true)
    this.#head = database.prepare('SELECT max(revision) AS head FROM events WHERE stream = ?')
    this.#end = database.prepare('SELECT max(position) AS "end" FROM events')
    this.#nextStream = database.prepare('SELECT min(stream) AS next FROM events WHERE stream > ?')
  }

  ofStream(stream: string, from: bigint, limit: number): readonly StoredEvent[] {
    const rows = this.#stream.iterate(stream, from, Math.min(limit, pageEventsMax))
    return page(rows, from - 1n, ({ revision }) => revision)
  }

  /** Positions begin at 1. */
  ofAll(after: bigint | undefined, limit: number): readonly StoredEvent[] {
    const rows = this.#all.iterate(after ?? 0n, Math.min(limit, pageEventsMax))
    return page(rows, after ?? 0n, ({ position }) => position)
  }

  head(stream: string): ExpectedRevision {
    const head = this.#head.get(stream)?.['head']
    return typeof head === 'bigint' ? head : 'no-stream'
  }

  /** One step through the index for each. */
  streams(after: string | undefined, limit: number): readonly string[] {
    const names: string[] = []
    while (names.length < limit) {
      const next = this.#nextStream.get(names.at(-1) ?? after ?? '')?.['next']
      if (typeof next !== 'string') break
      names.push(next)
    }
    return names
  }

  end(): bigint | undefined {
    const end = this.#end.get()?.['end']
    return typeof end === 'bigint' ? end : undefined
  }
}

/**
 * What comes after a place. A bit that flips between the events of a file may lead back to those before: who read on from
 * there would go round for ever.
 */
function page(
  rows: Iterable<unknown>,
  after: bigint,
  placeOf: (event: StoredEvent) => bigint,
): readonly StoredEvent[] {
  const events: StoredEvent[] = []
  let bytes = 0
  let last = after
  for (const row of rows) {
    const event = storedEvent(row)
    const place = placeOf(event)
    if (place <= last && events.length > 0) break
    if (place <= last)
      throw new EventLogDamaged(`the event log is damaged: ${place} comes again after ${last}`)
    last = place
    events.push(event)
    bytes += Buffer.byteLength(event.json)
    if (bytes >= pageBytesMax) break
  }
  return events
}

function storedEvent(row: unknown): StoredEvent {
  assert(isList(row))
  const [stream, revision, position, type, json] = row
  assert(typeof stream === 'string' && typeof type === 'string' && typeof json === 'string')
  assert(typeof revision === 'bigint' && typeof position === 'bigint')
  return { stream, revision, position, type, json }
}

function isList(row: unknown): row is readonly unknown[] {
  return Array.isArray(row)
}
