import type { Find, ReadView } from '#ports/read-models.ts'
import type { EntryDocument } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import { type AccountAt, balanceAt, postingsInOrder } from '#queries/account-history.ts'
import { findIn, type Found, keyOf, pages, scanPageSize, turn } from '#queries/reading.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountType } from '#values/balances.ts'

export type Sums = { readonly debits: bigint; readonly credits: bigint }

export const nothing: Sums = { debits: 0n, credits: 0n }

/** What was posted to one account in one asset: two sums, and the account's type, which says what they mean. */
export type PostedTotals = Sums & { readonly type: AccountType }

/** Which postings count: those recorded by the revision whose `effectiveAt` sorts before `before`. */
export type PostedWhen = AccountAt & { readonly asset: Asset; readonly before: string }

/**
 * Sums on both sides of the bound in turn, so the cost is that of the shorter one: what counts, or what has to be taken
 * off the totals at the revision. Undefined where nothing had touched the account in this asset by then.
 */
export async function sumFromEitherEnd(
  view: ReadView,
  when: PostedWhen,
): Promise<PostedTotals | undefined> {
  const { asset, before } = when
  const last = await balanceAt(view, when, asset)
  if (last === undefined) return undefined
  const counting = sumInSteps(view, postingsInOrder(when, asset, { before }))
  const excess = sumInSteps(view, postingsInOrder(when, asset, { from: before }))
  for (;;) {
    const over = await excess.next()
    if (over.done === true) {
      const debits = BigInt(last.postedDebits) - over.value.debits
      const credits = BigInt(last.postedCredits) - over.value.credits
      return { type: last.type, debits, credits }
    }
    const sums = await counting.next()
    if (sums.done === true) return { type: last.type, ...sums.value }
  }
}

/** All that was posted to the account by the revision, at whatever business time: what its last entry says. */
export async function postedAt(
  view: ReadView,
  when: Pick<PostedWhen, keyof AccountAt | 'asset'>,
): Promise<Sums> {
  const last = await balanceAt(view, when, when.asset)
  if (last === undefined) return nothing
  return { debits: BigInt(last.postedDebits), credits: BigInt(last.postedCredits) }
}

/** Sums what counts of the revisions after `after`. Undefined where none of them posted anything. */
export async function sumOfRevisions(
  view: ReadView,
  { accountId, asset, revision, before }: PostedWhen,
  after: bigint,
): Promise<PostedTotals | undefined> {
  const find: Find = {
    where: [
      { field: 'accountId', is: accountId },
      { field: 'asset', is: asset },
      { field: 'revision', from: (after + 1n).toString(), upTo: revision.toString() },
    ],
    orderBy: ['revision'],
    limit: scanPageSize,
  }
  let totals: PostedTotals | undefined
  for await (const page of pages(view, entries, find))
    for (const { document } of page) {
      if (document.kind !== 'posting') continue
      const { type } = document
      const known = totals ?? { type, ...nothing }
      totals = document.effectiveAt < before ? { type, ...plus(known, sumsOf(document)) } : known
    }
  return totals
}

/** The account's postings from a time on, as far as they count; a page at a time. */
export function postingsFrom(
  view: ReadView,
  when: PostedWhen,
  from: string,
): AsyncGenerator<readonly Found<EntryDocument>[]> {
  const { asset, before } = when
  return pages(view, entries, postingsInOrder(when, asset, { from, before }))
}

/** Adds up one page with each step; the last one brings the sums. */
async function* sumInSteps(view: ReadView, find: Find): AsyncGenerator<undefined, Sums> {
  let sums = nothing
  let next = find
  for (;;) {
    const page = await findIn(view, entries, next)
    for (const { document } of page) sums = plus(sums, sumsOf(document))
    const last = page.at(-1)
    if (last === undefined || page.length < find.limit) return sums
    next = { ...find, after: keyOf(last, find.orderBy) }
    yield undefined
    await turn()
  }
}

export function plus(one: Sums, other: Sums): Sums {
  return { debits: one.debits + other.debits, credits: one.credits + other.credits }
}

/** What the entry adds to the posted totals. */
export function sumsOf(entry: EntryDocument): Sums {
  if (entry.kind !== 'posting') return nothing
  const amount = BigInt(entry.amount)
  return entry.side === 'debit' ? { debits: amount, credits: 0n } : { debits: 0n, credits: amount }
}
