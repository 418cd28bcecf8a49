import type { Find, ReadView } from '#ports/read-models.ts'
import type { PendingEntry, PostingEntry } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import { findIn, scanPageSize } from '#queries/reading.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountId } from '#values/ids.ts'

/** One account, as of a revision (inclusive; -1 is before everything). */
export type AccountAt = { readonly accountId: AccountId; readonly revision: bigint }

/** Whether the account was there: its first entry is the act of opening it. */
export async function wasOpened(
  view: ReadView,
  { accountId, revision }: AccountAt,
): Promise<boolean> {
  if (revision < 0n) return false
  const first = await findIn(view, entries, {
    where: [
      { field: 'accountId', is: accountId },
      { field: 'revision', upTo: revision.toString() },
    ],
    orderBy: ['revision'],
    limit: 1,
  })
  return first.length > 0
}

/** The last entry of the account in one asset, with all four totals; undefined where nothing had touched them yet. */
export async function balanceAt(
  view: ReadView,
  { accountId, revision }: AccountAt,
  asset: Asset,
): Promise<PostingEntry | PendingEntry | undefined> {
  if (revision < 0n) return undefined
  const [last] = await findIn(view, entries, {
    where: [
      { field: 'accountId', is: accountId },
      { field: 'asset', is: asset },
      { field: 'revision', upTo: revision.toString() },
    ],
    orderBy: ['revision'],
    descending: true,
    limit: 1,
  })
  return last === undefined || last.document.kind === 'act' ? undefined : last.document
}

/** Sorts before every time. Bounded by it, a find also leaves out entries without `effectiveAt`. */
export const beforeAllTimes = '0'

/** Sorts after every time. */
export const afterAllTimes = '~'

/**
 * The account's postings in one asset and within a span of business time, in the order of a statement: by
 * (effectiveAt, revision, posting, debit before credit).
 */
export function postingsInOrder(
  { accountId, revision }: AccountAt,
  asset: Asset,
  { from = beforeAllTimes, before }: { readonly from?: string; readonly before?: string },
): Find {
  return {
    where: [
      { field: 'accountId', is: accountId },
      { field: 'asset', is: asset },
      { field: 'effectiveAt', from, ...(before !== undefined && { before }) },
      { field: 'revision', upTo: revision.toString() },
    ],
    orderBy: ['effectiveAt', 'revision'],
    limit: scanPageSize,
  }
}
