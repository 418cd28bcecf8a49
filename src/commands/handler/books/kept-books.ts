import { KeyFilter } from '#commands/handler/books/key-filter.ts'
import { Past } from '#commands/handler/books/past.ts'
import { type Learnt, Remembered } from '#commands/handler/books/remembered.ts'
import { restoreSnapshot } from '#commands/handler/books/snapshot.ts'
import type { SnapshotHeader } from '#commands/handler/books/snapshot-lines.ts'
import { type WeighedLedger, weighedLedger } from '#commands/handler/books/weighed-ledger.ts'
import type { LogReader } from '#commands/handler/log-reader.ts'
import type { BooksCache, FilterLayer, IndexedLedger } from '#ports/books-cache.ts'
import { systemPace } from '#ports/pace.ts'
import type { LedgerId } from '#values/ids.ts'

/** Books with their past out of memory. */
export type KeptBooks = WeighedLedger & {
  readonly remembered: Remembered
  readonly filter: KeyFilter
}

/** From where kept books are loaded, and the log that has the last word. */
export type KeptFrom = {
  readonly cache: BooksCache
  readonly log: LogReader
  readonly ledgerId: LedgerId
  /** Told of everything that the books learn after. */
  readonly learnt?: (fact: Learnt) => void
}

/** What the cache had: books that may be used, nothing, or something that may not, and why. */
export type Loaded =
  | { readonly kind: 'loaded'; readonly books: KeptBooks; readonly indexed: IndexedLedger }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unusable'; readonly reason: string }

/** Books of a ledger of which nothing is kept. */
export function booksAnew(ledgerId: LedgerId, learnt?: (fact: Learnt) => void): KeptBooks {
  const remembered = new Remembered(learnt)
  return { ...weighedLedger(ledgerId, remembered.maps), remembered, filter: new KeyFilter() }
}

/**
 * The books as a snapshot has them, their past bound to its revision. The log is asked whether snapshot and index are of
 * this very log, the index whether it has all that the snapshot leaves out.
 * @throws {EventStoreUnavailable} where the log can't be read; nothing else.
 */
export async function loadKeptBooks(from: KeptFrom): Promise<Loaded> {
  const { cache, log, ledgerId, learnt } = from
  const books = booksAnew(ledgerId, learnt)
  const { ledger, remembered } = books
  try {
    const header = await restoreSnapshot(ledger, cache.readSnapshot(ledgerId))
    if (header === undefined) return { kind: 'nothing' }
    const indexed = cache.indexed(ledgerId)
    if (indexed === undefined) return unusable('the index does not know the ledger')
    const reason = lackOf(header, indexed) ?? (await otherLog(header, indexed, log))
    if (reason !== undefined) return unusable(reason)
    const filter = KeyFilter.of(await layersOf(cache, indexed))
    const { revision: atMost } = ledger.head
    remembered.leaveTo(new Past(cache, { number: indexed.number, atMost }, filter))
    return { kind: 'loaded', books: { ...books, filter }, indexed }
  } catch (error) {
    if (error instanceof LogUnreadable) throw error.cause
    return unusable(error instanceof Error ? error.message : String(error))
  }
}

function unusable(reason: string): Loaded {
  return { kind: 'unusable', reason }
}

function lackOf(header: SnapshotHeader, indexed: IndexedLedger): string | undefined {
  const revision = BigInt(header.revision)
  if (indexed.factsTo < revision) return `the index ends at revision ${indexed.factsTo}`
  if (indexed.filterTo < revision) return `the filter ends at revision ${indexed.filterTo}`
  return undefined
}

/** What only the log says must not pass for a fault of the snapshot. */
class LogUnreadable extends Error {}

/** Snapshot and index each name the event that they end with: either may be of another log with the same ledger. */
async function otherLog(
  header: SnapshotHeader,
  { factsTo, factsEventId }: IndexedLedger,
  log: LogReader,
): Promise<string | undefined> {
  const ends = [
    [BigInt(header.revision), header.eventId],
    [factsTo, factsEventId],
  ] as const
  const revisions = ends.map(([revision]) => revision)
  const events = await log.pick(factsTo, revisions).catch((cause: unknown) => {
    throw new LogUnreadable('the log cannot be read', { cause })
  })
  const wrong = ends.find(([revision, eventId]) => events.get(revision)?.id !== eventId)
  return wrong && `the log has another event at revision ${wrong[0]}`
}

/** One layer, of 2 MiB at most, between two turns of the event loop. A key of a layer that is missing would count as new. */
async function layersOf(
  cache: BooksCache,
  { number, filterLayers }: IndexedLedger,
): Promise<readonly FilterLayer[]> {
  const layers: FilterLayer[] = []
  while (layers.length < filterLayers) {
    const found = cache.filterLayer(number, layers.length)
    if (found === undefined) throw new RangeError(`layer ${layers.length} of a filter is missing`)
    layers.push(found)
    await systemPace.turn()
  }
  return layers
}
