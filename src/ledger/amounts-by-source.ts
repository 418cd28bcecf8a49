import type { SourcedPosting } from '#events/transaction-events.ts'
import type { Amount } from '#values/amounts.ts'

/**
 * What postings made from others take of each of those, by index as far as the last source; "0" where nothing.
 * @throws {Error} for a posting without a source.
 */
export function amountsBySource(postings: readonly SourcedPosting[]): readonly Amount[] {
  const amounts: Amount[] = []
  for (const { source, amount } of postings) {
    if (source === undefined) throw new Error('a reversal names no source')
    amounts[source] = amount
  }
  return Array.from(amounts, (amount) => amount ?? '0')
}
