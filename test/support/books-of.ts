import type { Ledger } from '#ledger/ledger.ts'

/** Everything that a ledger's books hold, for comparing; in the order in which they hold it, but for open holds. */
export function booksOf(ledger: Ledger): unknown {
  const { journal: _, openHolds, ...books } = ledger
  return structuredClone({
    ...books,
    openHolds: [...openHolds].toSorted(([a], [b]) => Number(a) - Number(b)),
  })
}
