import type { Find, ReadView } from '#ports/read-models.ts'
import type { EntryDocument } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import { type AccountAt, balanceAt, postingsInOrder } from '#queries/account-history.ts'
import { findIn, keyOf, turn } from '#queries/reading.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountType } from '#values/balances.ts'

/** What was posted to one account in one asset: two sums, and the account's type, which says what they mean. */
export type PostedTotals = Sums & { readonly type: AccountType }

type Sums = { readonly debits: bigint; readonly credits: bigint }

/** Which postings count: those recorded by the revision whose `effectiveAt` sorts before `before`. */
export type PostedWhen = AccountAt & { readonly asset: Asset; readonly before: string }

/**
 * Sums on both sides of the bound in turn, so the cost is that of the shorter one: what counts, or what has to be taken
 * off the totals at the revision. Undefined where nothing had touched the account in this asset by then.
 */
export async function postedTotals(
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

/** Adds up one page with each step; the last one brings the sums. */
async function* sumInSteps(view: ReadView, find: Find): AsyncGenerator<undefined, Sums> {
  let [debits, credits] = [0n, 0n]
  let next = find
  for (;;) {
    const page = await findIn(view, entries, next)
    for (const { document } of page) {
      debits += amountOn(document, 'debit')
      credits += amountOn(document, 'credit')
    }
    const last = page.at(-1)
    if (last === undefined || page.length < find.limit) return { debits, credits }
    next = { ...find, after: keyOf(last, find.orderBy) }
    yield undefined
    await turn()
  }
}

function amountOn(entry: EntryDocument, side: 'debit' | 'credit'): bigint {
  return entry.kind === 'posting' && entry.side === side ? BigInt(entry.amount) : 0n
}
