import { footprintOf } from '#commands/handler/books/footprint.ts'
import { booksAnew, type KeptBooks, loadKeptBooks } from '#commands/handler/books/kept-books.ts'
import { Past } from '#commands/handler/books/past.ts'
import type { LogReader } from '#commands/handler/log-reader.ts'
import type { Ledger } from '#ledger/ledger.ts'
import {
  type BooksCache,
  BooksCacheUnavailable,
  type BooksKeeper,
  KeeperStopped,
} from '#ports/books-cache.ts'
import { type EventStore, EventStoreUnavailable } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import { systemPace } from '#ports/pace.ts'
import type { LedgerId } from '#values/ids.ts'

/** What a ledger's books are kept by between starts, and how often. */
export type Keeping = {
  readonly cache: BooksCache
  readonly keeper: BooksKeeper
  /** Events after which a ledger is kept again, where it has no more accounts and open holds than that. */
  readonly intervalEvents: number
}

/** How far a ledger has come in memory. */
export type Standing = {
  readonly revision: bigint
  /** Events that are not kept; 0 where nothing is ever kept. */
  readonly unkept: bigint
  /** What has no bound of its own of what the books take in memory: texts above all. */
  readonly weight: number
  /** All that the books take in memory, about. */
  readonly bytes: () => number
}

type MemoryParts = {
  readonly ledgerId: LedgerId
  readonly log: LogReader
  readonly store: Pick<EventStore, 'head'>
  readonly logger: Logger
  readonly keeping?: Keeping | undefined
}

// Keys put into the filter between two turns of the event loop.
const keysPerTurn = 5_000

/**
 * Where one ledger's books come from, and what of them stays in memory: loads a snapshot, has the keeper make the next
 * one as the ledger grows, and leaves to the index what that has. Without a cache all stays in memory.
 */
export class LedgerMemory {
  readonly #parts: MemoryParts
  /** The books that are in use. */
  #inUse: KeptBooks | undefined
  /** The same, where their past can be left to the index. */
  #books: KeptBooks | undefined
  /** The snapshot that they began from. */
  #snapshot: bigint | undefined
  /** Up to where the index has the past of these books. */
  #kept = -1n
  /** Up to where a generation is sealed that is not left to the index yet. */
  #sealed: bigint | undefined
  #nextAt = 0n
  #underWay: Promise<void> | undefined
  #distrusted = false

  constructor(parts: MemoryParts) {
    this.#parts = parts
  }

  /** New books: as a snapshot has them, else empty. Catching up is still to be done. */
  async begin(): Promise<Ledger> {
    const { keeping } = this.#parts
    if (keeping === undefined || this.#distrusted) return this.#without()
    const loaded = (await this.#load(keeping)) ?? (await this.#loadOnceKept(keeping))
    return this.#use(loaded ?? booksAnew(this.#parts.ledgerId), loaded !== undefined)
  }

  /**
   * Folds the log's tail into the books. Where that contradicts a snapshot, the log is right: answers other books.
   * @throws whatever keeps the log from being folded.
   */
  async catchUp(ledger: Ledger): Promise<Ledger> {
    const { log } = this.#parts
    try {
      await log.catchUp(ledger)
      return ledger
    } catch (error) {
      if (error instanceof EventStoreUnavailable || error instanceof BooksCacheUnavailable)
        throw error
      if (this.#snapshot === undefined) throw error
      this.#discardSnapshot(error)
      const anew = this.#without()
      await log.catchUp(anew)
      return anew
    }
  }

  /** Has the books kept if they have grown enough. Only while they hold exactly what is stored. */
  grown(ledger: Ledger): void {
    const { keeping } = this.#parts
    if (keeping === undefined || this.#books?.ledger !== ledger || this.#underWay) return
    if (ledger.head.revision < this.#nextAt) return
    void this.keep(ledger)
  }

  /** Resolves once the books are kept, or that has failed, which is logged. Only while they hold exactly what is stored. */
  async keep(ledger: Ledger): Promise<void> {
    const { keeping } = this.#parts
    const books = this.#books
    if (keeping === undefined || books?.ledger !== ledger) return
    this.#underWay ??= this.#keep(keeping, books).finally(() => {
      this.#underWay = undefined
    })
    await this.#underWay
  }

  /** Something failed in the books: if it was the cache, they do without from now on. */
  failed(error: unknown): void {
    if (error instanceof BooksCacheUnavailable) this.#distrusted = true
  }

  /** Whether books of this ledger do without the cache. */
  get distrusted(): boolean {
    return this.#distrusted
  }

  /** Whether a key was certainly never used. */
  surelyLacks(ledger: Ledger, key: string): boolean {
    try {
      return !ledger.keys.has(key)
    } catch (error) {
      if (error instanceof BooksCacheUnavailable) return false
      throw error
    }
  }

  standing(ledger: Ledger): Standing {
    const { revision } = ledger.head
    const isKept = this.#books?.ledger === ledger
    const books = this.#inUse?.ledger === ledger ? this.#inUse : undefined
    return {
      revision,
      unkept: isKept ? revision - this.#kept : 0n,
      weight: books === undefined ? 0 : books.weight() + books.remembered.weight,
      bytes: () => (books === undefined ? 0 : footprintOf(books)),
    }
  }

  #without(): Ledger {
    this.#inUse = booksAnew(this.#parts.ledgerId)
    this.#books = undefined
    this.#snapshot = undefined
    return this.#inUse.ledger
  }

  #use(books: KeptBooks, isLoaded: boolean): Ledger {
    this.#inUse = books
    this.#books = books
    this.#snapshot = isLoaded ? books.ledger.head.revision : undefined
    this.#kept = books.ledger.head.revision
    this.#sealed = undefined
    this.#plan(books.ledger)
    return books.ledger
  }

  async #load({ cache }: Keeping): Promise<KeptBooks | undefined> {
    const { ledgerId, log, logger } = this.#parts
    const loaded = await loadKeptBooks({ cache, log, ledgerId })
    if (loaded.kind === 'unusable')
      logger.warn({ ledgerId, reason: loaded.reason }, 'a snapshot is ignored')
    return loaded.kind === 'loaded' ? loaded.books : undefined
  }

  /** A long log is folded by the keeper, so that the event loop stays free. */
  async #loadOnceKept(keeping: Keeping): Promise<KeptBooks | undefined> {
    const { ledgerId, store, logger, log } = this.#parts
    const head = await store.head(log.stream)
    if (head === 'no-stream' || head < BigInt(keeping.intervalEvents)) return undefined
    try {
      await keeping.keeper.keep(ledgerId, head, true)
      return await this.#load(keeping)
    } catch (error) {
      if (error instanceof EventStoreUnavailable) throw error
      logger.warn({ err: error, ledgerId }, 'the books were not kept: the whole log is folded')
      return undefined
    }
  }

  async #keep({ cache, keeper }: Keeping, books: KeptBooks): Promise<void> {
    const { ledgerId, logger } = this.#parts
    const { ledger, remembered } = books
    // After a failure the same generation is still sealed, and tried again.
    if (this.#sealed === undefined) remembered.seal()
    const upTo = (this.#sealed ??= ledger.head.revision)
    this.#plan(ledger)
    try {
      await keeper.keep(ledgerId, upTo)
      await this.#leave(cache, books, upTo)
    } catch (error) {
      if (!(error instanceof KeeperStopped))
        logger.warn({ err: error, ledgerId }, 'the books of a ledger were not kept')
    }
  }

  /** The index has what was sealed: it leaves the memory, once the filter knows of it. */
  async #leave(cache: BooksCache, books: KeptBooks, upTo: bigint): Promise<void> {
    const { remembered, filter } = books
    const indexed = cache.indexed(this.#parts.ledgerId)
    if (indexed === undefined || indexed.factsTo < upTo)
      throw new BooksCacheUnavailable('the keeper keeps elsewhere')
    let count = 0
    for (const { kind, key } of remembered.sealedKeys()) {
      filter.add(kind, key)
      if (++count % keysPerTurn === 0) await systemPace.turn()
    }
    remembered.leaveTo(new Past(cache, { number: indexed.number, atMost: upTo }, filter))
    if (this.#books !== books) return
    this.#sealed = undefined
    this.#kept = upTo
  }

  #plan({ head, accounts, openHolds }: Ledger): void {
    const { keeping } = this.#parts
    const interval = Math.max(keeping?.intervalEvents ?? 0, accounts.size + openHolds.size)
    this.#nextAt = head.revision + BigInt(interval)
  }

  #discardSnapshot(error: unknown): void {
    const { ledgerId, logger, keeping } = this.#parts
    const revision = this.#snapshot?.toString()
    logger.error(
      { err: error, ledgerId, revision },
      'the log contradicts a snapshot: it is discarded, and the log folded from its beginning',
    )
    keeping?.cache.dropSnapshot(ledgerId)
    this.#distrusted = true
  }
}
