import { keepBooks } from '#commands/handler/books/book-keeper.ts'
import type { Keeping } from '#commands/handler/books/ledger-memory.ts'
import { defaultMemoryBounds, type MemoryBounds } from '#commands/handler/ledgers-in-memory.ts'
import type { BooksCacheWriter } from '#ports/books-cache.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Keeps books in a cache, every so many events, with the keeper on the same thread. */
export function keepingIn(
  cache: BooksCacheWriter,
  store: Pick<EventStore, 'readStream'>,
  {
    intervalEvents = 7,
    logger = silent,
  }: { readonly intervalEvents?: number; readonly logger?: Logger } = {},
): Keeping {
  const { signal } = new AbortController()
  const keeper = {
    keep: (ledgerId: string, upTo: bigint) =>
      keepBooks({ store, cache, logger }, { ledgerId, upTo }, signal),
  }
  return { cache, keeper, intervalEvents }
}

/** Lets every ledger go as soon as nothing waits; those that have grown are kept first. */
export const nothingStays: MemoryBounds = { ...defaultMemoryBounds, ledgersMax: 0, unkeptMax: 5n }
