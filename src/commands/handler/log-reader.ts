import { decodeEvent } from '#events/decode.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { evolve } from '#ledger/evolve.ts'
import type { Ledger } from '#ledger/ledger.ts'
import { BooksCacheUnavailable } from '#ports/books-cache.ts'
import type { Slices } from '#commands/handler/slices.ts'
import { EventLogDamaged, type EventStore, type StoredEvent } from '#ports/event-store.ts'
import type { Pace } from '#ports/pace.ts'
import type { LedgerId } from '#values/ids.ts'

const pageSize = 1000

// Reads between two turns of the event loop: a store may read on this very thread.
const readsPerTurn = 100

/** Of a chain's events those with so many characters of JSON are kept, decoded, while it is followed; the rest is read again. */
const chainJsonMax = 4 * 1024 * 1024

/** Earlier events about one thing, newest first. */
type Chain = {
  /** Of all of them, as numbers: those take the least room, and no log gets as long as they are exact. */
  readonly revisions: readonly number[]
  /** The first of them, as far as they were kept. */
  readonly kept: readonly RecordedEvent[]
  /** The known one before them. */
  readonly from: bigint | undefined
}

type LogReaderParts = {
  readonly store: Pick<EventStore, 'readStream'>
  readonly pace: Pace
  /** Of those who read while others wait for the event loop. */
  readonly slices?: Slices
}

/** Reads one ledger's events as the writer needs them. */
export class LogReader {
  readonly #store: Pick<EventStore, 'readStream'>
  readonly #pace: Pace
  readonly #slices: Slices | undefined
  readonly #stream: string

  constructor({ store, pace, slices }: LogReaderParts, ledgerId: LedgerId) {
    this.#store = store
    this.#pace = pace
    this.#slices = slices
    this.#stream = ledgerStream(ledgerId)
  }

  get stream(): string {
    return this.#stream
  }

  /**
   * Folds everything into the books that they do not know yet; nothing of it can be taken back.
   * @throws {EventLogDamaged} for an event that can't have followed those before it, and what the store throws.
   */
  async catchUp(ledger: Ledger): Promise<void> {
    for (;;) {
      const page = await this.#store.readStream(this.#stream, ledger.head.revision + 1n, pageSize)
      for (const stored of page) {
        this.#fold(ledger, stored)
        ledger.journal.clear()
      }
      if (page.length === 0) return
      await this.#pace.turn()
    }
  }

  #fold(ledger: Ledger, { json, revision }: StoredEvent): void {
    const event = decodeEvent(json)
    try {
      evolve(ledger, event)
    } catch (cause) {
      if (cause instanceof BooksCacheUnavailable) throw cause
      const place = { stream: this.#stream, revision }
      throw new EventLogDamaged('the log contradicts itself', { cause, place })
    }
  }

  /** The event at a revision; undefined where the log does not reach. */
  async at(revision: bigint): Promise<RecordedEvent | undefined> {
    return (await this.range(revision, 1))[0]
  }

  /** The events at those of the revisions that the log reaches; `head` is its last one as far as it is known. */
  async pick(
    head: bigint,
    revisions: readonly bigint[],
  ): Promise<ReadonlyMap<bigint, RecordedEvent>> {
    const events = new Map<bigint, RecordedEvent>()
    for (const revision of new Set(revisions)) {
      const event = revision > head ? undefined : await this.at(revision)
      if (event !== undefined) events.set(revision, event)
    }
    return events
  }

  /** The events from a revision on; fewer where the log ends before. */
  async range(from: bigint, count: number): Promise<readonly RecordedEvent[]> {
    return (await this.#stored(from, count)).map(({ json }) => decodeEvent(json))
  }

  /** The stored bytes from a revision on, for comparing; fewer where the log ends before. */
  async bytes(from: bigint, count: number): Promise<readonly string[]> {
    return (await this.#stored(from, count)).map(({ json }) => json)
  }

  /**
   * The earlier events about the same ledger, account or hold: the chain of `previous` down to its beginning, or to the
   * first that is `known`. An account may have more acts than memory has room for: of most, only the revision is kept.
   */
  async earlier(event: RecordedEvent, known: (revision: bigint) => boolean): Promise<Chain> {
    const revisions: number[] = []
    const kept: RecordedEvent[] = []
    let characters = 0
    let revision = previousOf(event)
    while (revision !== undefined && !known(revision)) {
      const json = await this.#linked(revision)
      const earlier = decodeEvent(json)
      characters += json.length
      revisions.push(Number(revision))
      if (characters <= chainJsonMax) kept.push(earlier)
      await this.giveWay(revisions.length)
      revision = previousOf(earlier)
    }
    return { revisions, kept, from: revision }
  }

  /** The event that another one names as the one before it. */
  async linked(revision: bigint): Promise<RecordedEvent> {
    return decodeEvent(await this.#linked(revision))
  }

  /** Lets others go where it is time, of who has done so many steps in a row. */
  async giveWay(steps: number): Promise<void> {
    if (this.#slices?.isOver === true) await this.#slices.next()
    else if (steps % readsPerTurn === 0) await this.#pace.turn()
  }

  async #linked(revision: bigint): Promise<string> {
    const [stored] = await this.#stored(revision, 1)
    if (stored === undefined)
      throw new Error(`revision ${revision} is missing from ${this.#stream}`)
    return stored.json
  }

  #stored(from: bigint, count: number): Promise<readonly StoredEvent[]> {
    return readRun(this.#store, this.#stream, { from, count })
  }
}

/** `count` events of a stream from a revision on, however the store cuts its pages; fewer where the stream ends before. */
export async function readRun(
  store: Pick<EventStore, 'readStream'>,
  stream: string,
  { from, count }: { readonly from: bigint; readonly count: number },
): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = []
  while (events.length < count) {
    const next = from + BigInt(events.length)
    const page = await store.readStream(stream, next, count - events.length)
    if (page.length === 0) break
    events.push(...page)
  }
  return events
}

/** The revision of the event before in its chain; undefined at the beginning of one. */
function previousOf({ data }: RecordedEvent): bigint | undefined {
  return 'previous' in data ? BigInt(data.previous) : undefined
}
