import type { ReadView } from '#ports/read-models.ts'
import type { EntryDocument, PendingEntry, PostingEntry } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import { type AccountAt, balanceAt } from '#queries/account-history.ts'
import {
  type Fill,
  isNothing,
  minus,
  plus,
  sumOf,
  sumsOf,
  type Told,
  totalsOf,
  untold,
} from '#queries/entry-sums.ts'
import { findIn } from '#queries/reading.ts'
import type { Asset } from '#values/assets.ts'

/** An account in one asset, as of a revision. */
export type PlaceAt = AccountAt & { readonly asset: Asset }

/** What is told of a revision, and the last entry up to it. */
export type ToldByEntry = Told & { readonly entry?: PostingEntry | PendingEntry }

/** What the account's last entry up to the revision says, and where that is. */
export async function toldBy(view: ReadView, at: PlaceAt): Promise<ToldByEntry> {
  const entry = await balanceAt(view, at, at.asset)
  if (entry === undefined) return untold
  return { revision: BigInt(entry.revision), totals: totalsOf(entry), entry }
}

/**
 * All that was posted by the revision. Where the next entry shows that the entries lack something in between, or there
 * is none, what comes after the last one is found elsewhere. `isShort`: there is more in between, perhaps by then.
 */
export async function toldAt(
  view: ReadView,
  at: PlaceAt,
  fill: Fill,
): Promise<ToldByEntry & { readonly isShort: boolean }> {
  const { revision } = at
  const last = await toldBy(view, at)
  const next = await nextAfter(view, at)
  const beforeNext = next && minus(totalsOf(next), sumsOf(next))
  if (next !== undefined && beforeNext !== undefined) {
    const isNext = BigInt(next.revision) === revision + 1n
    if (isNext || isNothing(minus(beforeNext, last.totals)))
      return { ...last, revision, totals: beforeNext, isShort: false }
  }
  const before = next === undefined ? revision + 1n : BigInt(next.revision)
  const found = await fill({ after: last.revision, before })
  const all = plus(last.totals, sumOf(found))
  const isShort = beforeNext !== undefined && !isNothing(minus(beforeNext, all))
  const byThen = found.filter((line) => line.revision <= revision)
  return { ...last, revision, totals: plus(last.totals, sumOf(byThen)), isShort }
}

async function nextAfter(
  view: ReadView,
  { accountId, asset, revision }: PlaceAt,
): Promise<Exclude<EntryDocument, { kind: 'act' }> | undefined> {
  const [next] = await findIn(view, entries, {
    where: [
      { field: 'accountId', is: accountId },
      { field: 'asset', is: asset },
      { field: 'revision', from: (revision + 1n).toString() },
    ],
    orderBy: ['revision'],
    limit: 1,
  })
  return next?.document.kind === 'act' ? undefined : next?.document
}
