import type { LedgerId } from '#values/ids.ts'

/** What a ledger has to know for ever: used keys and references, what was reversed, how holds ended. */
export type FactKind = 'key' | 'reference' | 'reversal' | 'hold-end'

/** What one event said under a key of one kind. A later fact under the same key takes the place of an earlier one. */
export type Fact = {
  readonly kind: FactKind
  readonly key: string
  /** Of the event that said it. */
  readonly revision: bigint
  readonly value: string
}

/** Which fact is asked for: the newest under a key that is not newer than `atMost`. */
export type FactQuestion = Pick<Fact, 'kind' | 'key'> & { readonly atMost: bigint }

/** How much of a ledger's log the index has. */
export type IndexedLedger = {
  /** Stands for this ledger's facts as long as they are kept; none is given twice. */
  readonly number: bigint
  /** The facts of all events up to this revision are there; -1 for none. Some of later ones may be too. */
  readonly factsTo: bigint
  /** The id of the event at `factsTo`: it tells which log they are from. */
  readonly factsEventId: string
  /** The filter has all keys of the facts up to this revision; -1 where there is none. */
  readonly filterTo: bigint
  /** How many layers the filter has. */
  readonly filterLayers: number
}

/** One layer of a ledger's filter, from 0; a layer only ever gets more bits. */
export type FilterLayer = {
  readonly layer: number
  readonly count: number
  readonly bits: Uint8Array
}

/** The cache can't be used, or not believed. Nothing may be decided on what it said; the log has it all. */
export class BooksCacheUnavailable extends Error {
  override readonly name = 'BooksCacheUnavailable'
}

/**
 * What was kept of ledgers' books: a snapshot per ledger, and an index of facts with a filter. All of it comes from the
 * log, may be older or newer than another part of it, and may vanish at any time.
 */
export type BooksCache = Disposable & {
  /** The lines of the ledger's snapshot as they were saved, in batches; none where there is no snapshot. */
  readSnapshot(ledgerId: LedgerId): AsyncIterable<readonly string[]>
  /** Never to be read again. */
  dropSnapshot(ledgerId: LedgerId): void
  /** @throws {BooksCacheUnavailable} */
  indexed(ledgerId: LedgerId): IndexedLedger | undefined
  /** @throws {BooksCacheUnavailable} */
  filterLayer(number: bigint, layer: number): FilterLayer | undefined
  /**
   * Waits for nobody. Undefined where there is no such fact, and only where the number still stands for the ledger; two
   * accounts of the facts agree on that, and that none is newer.
   * @throws {BooksCacheUnavailable}
   */
  find(number: bigint, question: FactQuestion): Pick<Fact, 'revision' | 'value'> | undefined
}

/** How long who wants to keep waits for others who do. */
export type TurnWait = {
  readonly signal: AbortSignal
  /** Whether it goes on waiting: asked again and again meanwhile, and never where the turn is free. */
  readonly mayWait: () => boolean
}

/** The side that keeps. All but `exclusively` is for who has the turn. @throws {BooksCacheUnavailable} from every method. */
export type BooksCacheWriter = BooksCache & {
  /**
   * Runs while nobody else on the same folder keeps, in whatever process. @throws {BooksCacheUnavailable} where it may
   * wait no longer, an `AbortError` where the signal aborts meanwhile.
   */
  exclusively<Result>(work: () => Promise<Result>, wait: TurnWait): Promise<Result>
  /** Forgets the ledger's snapshot, then all its facts and its filter; those that come get a new number. */
  beginAnew(ledgerId: LedgerId): IndexedLedger
  /** Stores facts, durably and all or none; known ones stay as they are. `to` is the last event whose facts these are. */
  learn(
    number: bigint,
    facts: readonly Fact[],
    to: { readonly revision: bigint; readonly eventId: string },
  ): void
  /** Stores the layers, all or none, and only where the filter still ended at `from`. */
  saveFilter(
    number: bigint,
    layers: readonly FilterLayer[],
    filterTo: { readonly from: bigint; readonly to: bigint },
  ): void
  /** Replaces the snapshot once the last chunk is durable. */
  saveSnapshot(ledgerId: LedgerId, chunks: Iterable<string>): Promise<void>
  /** Removes some of what nobody asks for any more; false once nothing is left. */
  tidy(): boolean
}

/** The keeper has been told to stop. */
export class KeeperStopped extends Error {
  override readonly name = 'KeeperStopped'
}

/** Keeps ledgers' books, one after the other, away from the event loop of who asks. */
export type BooksKeeper = {
  /**
   * Resolves once snapshot, index and filter hold the ledger up to this revision, or further. Where nobody waits for that
   * who can't go on before, it takes its time. @throws whatever keeps it from that.
   */
  keep(ledgerId: LedgerId, upTo: bigint, isAwaited?: boolean): Promise<void>
}
