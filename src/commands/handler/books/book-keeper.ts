import { booksAnew, type KeptBooks, loadKeptBooks } from '#commands/handler/books/kept-books.ts'
import { Past } from '#commands/handler/books/past.ts'
import type { Learnt } from '#commands/handler/books/remembered.ts'
import { snapshotChunks } from '#commands/handler/books/snapshot.ts'
import { LogReader } from '#commands/handler/log-reader.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { evolve } from '#ledger/evolve.ts'
import {
  BooksCacheUnavailable,
  type BooksCacheWriter,
  type Fact,
  type IndexedLedger,
  KeeperStopped,
} from '#ports/books-cache.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import { systemPace } from '#ports/pace.ts'
import type { LedgerId } from '#values/ids.ts'

const pageSize = 1_000

/** Events whose facts go into the index at a time: what a keep holds in memory beside the books. */
const chunkEvents = 10_000

export type KeeperParts = {
  readonly store: Pick<EventStore, 'readStream'>
  readonly cache: BooksCacheWriter
  readonly logger: Logger
  /** Between two pages: lets others go on. */
  readonly rest?: () => Promise<void>
  /** Whether others who keep are waited for any longer. */
  readonly mayWait?: () => boolean
}

type Asked = { readonly ledgerId: LedgerId; readonly upTo: bigint }

/**
 * Folds what a ledger's log has beyond its last snapshot, and keeps what comes of it: facts first, then the filter,
 * then the snapshot. What is missing of the later ones makes the earlier ones useless, never wrong.
 * @throws {KeeperStopped} once the signal aborts.
 */
export async function keepBooks(
  parts: KeeperParts,
  { ledgerId, upTo }: Asked,
  signal: AbortSignal,
): Promise<void> {
  const { cache, logger, mayWait = () => true } = parts
  const work = async () => {
    try {
      await keepFromSnapshot(parts, { ledgerId, upTo }, signal)
    } catch (error) {
      if (!(error instanceof LogContradicts)) throw error
      logger.error(
        { err: error.cause, ledgerId },
        'the log contradicts a snapshot: it is discarded',
      )
      cache.dropSnapshot(ledgerId)
      await keepFromSnapshot(parts, { ledgerId, upTo }, signal)
    }
    while (!signal.aborted && cache.tidy()) await systemPace.turn()
  }
  await cache.exclusively(work, { signal, mayWait })
}

async function keepFromSnapshot(
  parts: KeeperParts,
  { ledgerId, upTo }: Asked,
  signal: AbortSignal,
): Promise<void> {
  const keep = await beginKeep(parts, ledgerId, signal)
  if (keep.revision < upTo) await keep.goTo(upTo)
}

/** An event could not follow books that began from a snapshot. */
class LogContradicts extends Error {}

/** Goes on from the last snapshot, or from nothing where that is not to be used. */
async function beginKeep(
  { store, cache, logger, rest = () => systemPace.turn() }: KeeperParts,
  ledgerId: LedgerId,
  signal: AbortSignal,
): Promise<Keep> {
  const log = new LogReader({ store, pace: systemPace }, ledgerId)
  const learnt: Learnt[] = []
  const learn = (fact: Learnt) => void learnt.push(fact)
  const loaded = await loadKeptBooks({ cache, log, ledgerId, learnt: learn })
  const parts = { cache, log, signal, learnt, rest }
  if (loaded.kind === 'loaded') return new Keep(parts, loaded.books, loaded.indexed)
  if (loaded.kind === 'unusable')
    logger.warn({ ledgerId, reason: loaded.reason }, 'a snapshot is made anew')
  return new Keep(parts, booksAnew(ledgerId, learn), cache.beginAnew(ledgerId))
}

type KeepParts = {
  readonly rest: () => Promise<void>
  readonly cache: BooksCacheWriter
  readonly log: LogReader
  readonly signal: AbortSignal
  /** Where the books put what they learn. */
  readonly learnt: Learnt[]
}

/** One keep under way. Its own books leave their past to the index as it grows, so that memory stays bounded. */
class Keep {
  readonly #parts: KeepParts
  readonly #books: KeptBooks
  readonly #indexed: IndexedLedger
  /** Layers before this one were full, and so are kept as they are. */
  readonly #layersFrom: number
  readonly #isFromSnapshot: boolean
  #facts: Fact[] = []

  constructor(parts: KeepParts, books: KeptBooks, indexed: IndexedLedger) {
    this.#isFromSnapshot = books.ledger.head.revision >= 0n
    this.#parts = parts
    this.#books = books
    this.#indexed = indexed
    this.#layersFrom = Math.max(0, books.filter.layerCount - 1)
  }

  get revision(): bigint {
    return this.#books.ledger.head.revision
  }

  async goTo(upTo: bigint): Promise<void> {
    const { cache } = this.#parts
    const { filter, ledger } = this.#books
    let last = await this.#foldChunk(upTo)
    while (this.revision < upTo) last = await this.#foldChunk(upTo)
    const { number, filterTo } = this.#indexed
    const layers = [...filter.layersFrom(this.#layersFrom)]
    cache.saveFilter(number, layers, { from: filterTo, to: upTo > filterTo ? upTo : filterTo })
    await cache.saveSnapshot(ledger.ledgerId, this.#stoppable(snapshotChunks(ledger, last.id)))
  }

  /** Folds some events and puts their facts into the index. Answers the last event. */
  async #foldChunk(upTo: bigint): Promise<RecordedEvent> {
    let last: RecordedEvent | undefined
    for (let count = 0; count < chunkEvents && this.revision < upTo; count += pageSize) {
      this.#refuseWhenStopped()
      for (const event of await this.#page(upTo)) {
        this.#fold(event)
        last = event
      }
      await this.#parts.rest()
    }
    if (last === undefined) throw new Error('there is nothing to keep')
    this.#index(last)
    return last
  }

  async #page(upTo: bigint): Promise<readonly RecordedEvent[]> {
    const count = Math.min(pageSize, Number(upTo - this.revision))
    const page = await this.#parts.log.range(this.revision + 1n, count)
    if (page.length < count) throw new Error(`the log ends before revision ${upTo}`)
    return page
  }

  #fold(event: RecordedEvent): void {
    const { ledger } = this.#books
    try {
      evolve(ledger, event)
    } catch (cause) {
      if (cause instanceof BooksCacheUnavailable || !this.#isFromSnapshot) throw cause
      throw new LogContradicts('a snapshot is wrong', { cause })
    }
    ledger.journal.clear()
    const { revision } = event
    for (const fact of this.#parts.learnt.splice(0)) this.#facts.push({ ...fact, revision })
  }

  /** In the order of the index, which takes them faster so. */
  #index(last: RecordedEvent): void {
    const { cache } = this.#parts
    const { remembered, filter } = this.#books
    const { number } = this.#indexed
    for (const { kind, key } of this.#facts) filter.add(kind, key)
    const facts = this.#facts.toSorted(inOrder)
    this.#facts = []
    cache.learn(number, facts, { revision: last.revision, eventId: last.id })
    remembered.seal()
    remembered.leaveTo(new Past(cache, { number, atMost: last.revision }, filter))
  }

  *#stoppable(chunks: Iterable<string>): Iterable<string> {
    for (const chunk of chunks) {
      this.#refuseWhenStopped()
      yield chunk
    }
  }

  #refuseWhenStopped(): void {
    if (this.#parts.signal.aborted) throw new KeeperStopped('the keeper was told to stop')
  }
}

function inOrder(a: Fact, b: Fact): number {
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1
  return a.key < b.key ? -1 : Number(a.key > b.key)
}
