import { setTimeout as sleep } from 'node:timers/promises'
import {
  AppendOutcomeUnknown,
  appendBytesMax,
  appendEventsMax,
  type EventStore,
  EventStoreUnavailable,
  type EventToAppend,
  type ExpectedRevision,
  type StoredEvent,
  WrongExpectedRevision,
} from '#ports/event-store.ts'

/** What goes wrong with one append. `unknown`: the answer is lost, after storing it or without. */
export type Fault =
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'unknown'; readonly stored: boolean }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'overtaken'; readonly by: () => Promise<unknown> }

export type Append = {
  readonly stream: string
  readonly events: readonly EventToAppend[]
  readonly expected: ExpectedRevision
}

/**
 * A log in memory that several writers may share, and that fails on demand: `faults` are used up by the next appends,
 * in order. It remembers every append and read that was tried.
 */
export class MemoryEventStore implements EventStore {
  readonly appends: Append[] = []
  readonly faults: Fault[] = []
  /** From which revision each read of a stream went, in order. */
  readonly reads: bigint[] = []
  readonly #log: StoredEvent[] = []
  readonly #streams = new Map<string, { readonly ids: string[]; readonly events: StoredEvent[] }>()
  readonly #failure = new AbortController()
  /** While set, reading fails. */
  unreadable = false
  /** Called before every read, e.g. to let other things happen meanwhile. */
  beforeRead: (() => Promise<void>) | undefined
  #gate: Promise<void> | undefined

  get failed(): AbortSignal {
    return this.#failure.signal
  }

  fail(): void {
    this.#failure.abort(new AppendOutcomeUnknown('the store has failed for good'))
  }

  /** Makes all appends wait until the function that is given back is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#gate = promise
    return () => {
      this.#gate = undefined
      resolve()
    }
  }

  async append(
    stream: string,
    events: readonly EventToAppend[],
    expected: ExpectedRevision,
  ): Promise<bigint> {
    this.appends.push({ stream, events, expected })
    const fault = this.faults.shift()
    // Nothing settles in the turn in which it was asked.
    await Promise.resolve()
    await this.#gate
    if (fault !== undefined) await suffer(fault)
    const position = this.#store(stream, events, expected)
    if (fault?.kind === 'unknown') throw new AppendOutcomeUnknown('the answer was lost')
    return position
  }

  async readStream(stream: string, from: bigint, limit: number): Promise<readonly StoredEvent[]> {
    this.reads.push(from)
    await this.#readable()
    return this.eventsOf(stream).slice(Number(from), Number(from) + limit)
  }

  async head(stream: string): Promise<ExpectedRevision> {
    await this.#readable()
    return this.#headOf(stream)
  }

  async readAll(after: bigint | undefined, limit: number): Promise<readonly StoredEvent[]> {
    await this.#readable()
    const from = after === undefined ? 0 : Number(after) + 1
    return this.#log.slice(from, from + limit)
  }

  async streams(after: string | undefined, limit: number): Promise<readonly string[]> {
    await this.#readable()
    const names = [...this.#streams.keys()].toSorted()
    return names.filter((name) => after === undefined || name > after).slice(0, limit)
  }

  async end(): Promise<bigint | undefined> {
    await this.#readable()
    return this.#log.at(-1)?.position
  }

  async check(): Promise<void> {
    this.failed.throwIfAborted()
    await this.#readable()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** What is stored of a stream, looked at from outside. */
  eventsOf(stream: string): readonly StoredEvent[] {
    return this.#streams.get(stream)?.events ?? []
  }

  async #readable(): Promise<void> {
    await this.beforeRead?.()
    if (this.unreadable) throw new EventStoreUnavailable('the log cannot be read')
  }

  #headOf(stream: string): ExpectedRevision {
    const { length } = this.eventsOf(stream)
    return length === 0 ? 'no-stream' : BigInt(length) - 1n
  }

  #store(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): bigint {
    assertBounds(events)
    const from = expected === 'no-stream' ? 0 : Number(expected) + 1
    const known = this.#streams.get(stream) ?? { ids: [], events: [] }
    const there = known.ids.slice(from, from + events.length)
    if (there.length > 0 && there.every((id, index) => id === events[index]?.id))
      return known.events[from + there.length - 1]?.position ?? -1n
    if (this.#headOf(stream) !== expected) throw new WrongExpectedRevision(stream, expected)
    this.#streams.set(stream, known)
    for (const { id, type, json } of events) {
      const revision = BigInt(known.events.length)
      const event = { stream, revision, position: BigInt(this.#log.length), type, json }
      known.ids.push(id)
      known.events.push(event)
      this.#log.push(event)
    }
    return BigInt(this.#log.length) - 1n
  }
}

/** What goes wrong before anything is stored. */
async function suffer(fault: Fault): Promise<void> {
  if (fault.kind === 'overtaken') await fault.by()
  if (fault.kind === 'slow') await sleep(fault.ms)
  if (fault.kind === 'unavailable') throw new EventStoreUnavailable('the disk is full')
  if (fault.kind === 'unknown' && !fault.stored) throw new AppendOutcomeUnknown('timed out')
}

function assertBounds(events: readonly EventToAppend[]): void {
  const bytes = events.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0)
  if (events.length === 0 || events.length > appendEventsMax || bytes > appendBytesMax)
    throw new RangeError(`an append of ${events.length} events and ${bytes} bytes`)
}
