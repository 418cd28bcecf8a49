/** An event as the store takes it: `json` is the canonical envelope, stored byte for byte; `id` never stands for two contents. */
export type EventToAppend = { readonly id: string; readonly type: string; readonly json: string }

/** An event as the store gives it back. `revision` is the place in the stream, from 0; `position` the place in the whole log: increasing, not dense. */
export type StoredEvent = {
  readonly stream: string
  readonly revision: bigint
  readonly position: bigint
  readonly type: string
  readonly json: string
}

/** The last revision the writer has seen. There is no `any`: every append is fenced. */
export type ExpectedRevision = bigint | 'no-stream'

/** At most this many events and UTF-8 bytes go into one append; the writer keeps to it, the store may rely on it. */
export const appendEventsMax = 500
export const appendBytesMax = 512 * 1024

/** Another writer appended first: read what it wrote and decide again. Nothing of this append was stored. */
export class WrongExpectedRevision extends Error {
  override readonly name = 'WrongExpectedRevision'
  readonly stream: string
  readonly expected: ExpectedRevision

  constructor(stream: string, expected: ExpectedRevision) {
    super(`stream ${stream} is not at revision ${expected}`)
    this.stream = stream
    this.expected = expected
  }
}

/** Whether the append is stored is not known (time-out, dropped connection, I/O error in the commit). */
export class AppendOutcomeUnknown extends Error {
  override readonly name = 'AppendOutcomeUnknown'
}

/** The store can't do this now (disk full, busy, not reachable); certainly nothing was stored. */
export class EventStoreUnavailable extends Error {
  override readonly name = 'EventStoreUnavailable'
}

/**
 * What is stored is not what was written: the disk, or somebody, has changed it. Nothing of it is given out; a backup has
 * to be restored. The message is one sentence for the operator; stream and revision are there where they are known.
 */
export class EventLogDamaged extends Error {
  override readonly name = 'EventLogDamaged'
  readonly place: EventPlace | undefined

  constructor(message: string, options: ErrorOptions & { readonly place?: EventPlace } = {}) {
    super(message, options)
    this.place = options.place
  }
}

export type EventPlace = { readonly stream: string; readonly revision: bigint }

/** The log: streams of events, appended atomically, never changed. */
export type EventStore = AsyncDisposable & {
  /**
   * Stores all events or none, at consecutive revisions after `expected`; durable once resolved.
   * The identical events at the same place again succeed and store nothing; other events there do not. A store may tell
   * them apart by their ids alone, which never stand for two contents.
   * Returns the position of the last event.
   * @throws {WrongExpectedRevision | AppendOutcomeUnknown | EventStoreUnavailable}
   */
  append(
    stream: string,
    events: readonly EventToAppend[],
    expected: ExpectedRevision,
  ): Promise<bigint>
  /**
   * At most `limit` events of one stream from revision `from` on, in order. A page may be shorter though more follow:
   * only an empty one is the end (so far).
   */
  readStream(stream: string, from: bigint, limit: number): Promise<readonly StoredEvent[]>
  /** The last revision of a stream. */
  head(stream: string): Promise<ExpectedRevision>
  /**
   * The same for all streams, after `position` (from the start without one), in order of position. May take long where
   * a server has the log: it gives up once the signal aborts, and rejects with its reason.
   */
  readAll(
    after: bigint | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly StoredEvent[]>
  /** At most `limit` names of streams, in order, after one; left out where a store can't tell them without reading all. */
  streams?(after: string | undefined, limit: number): Promise<readonly string[]>
  /** The position of the last event of all streams: whoever has read up to it has all that was stored when this was asked. */
  end(signal?: AbortSignal): Promise<bigint | undefined>
  /** Rejects when the store cannot serve. */
  check(): Promise<void>
  /** Whether it refused the last append, a full disk above all, though it serves reads; left out where it can't tell. */
  refuses?(): boolean
  /** Aborted, with the reason, when the process has to end because an outcome is unknown for good. */
  readonly failed: AbortSignal
}
