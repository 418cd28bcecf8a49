import type { Find, ReadView } from '#ports/read-models.ts'
import type { EntryDocument, PendingEntry, PostingEntry } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import type { RolledPosting } from '#projections/rollup-blocks.ts'
import { type AccountAt, postingsInOrder } from '#queries/account-history.ts'
import { type Found, pages, scanPageSize } from '#queries/reading.ts'
import type { Gap } from '#queries/rollup-gaps.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountType } from '#values/balances.ts'

export type Sums = { readonly debits: bigint; readonly credits: bigint }

export const nothing: Sums = { debits: 0n, credits: 0n }

/** What was posted to one account in one asset: two sums, and the account's type, which says what they mean. */
export type PostedTotals = Sums & { readonly type: AccountType }

/** Which postings count: those recorded by the revision whose `effectiveAt` sorts before `before`. */
export type PostedWhen = AccountAt & { readonly asset: Asset; readonly before: string }

/** All that was posted to the account by a revision, at whatever business time. */
export type Told = { readonly revision: bigint; readonly totals: Sums }

/** Before its first posting. */
export const untold: Told = { revision: -1n, totals: nothing }

/** What is found elsewhere of a gap in the entries. */
export type Fill = (gap: Gap) => Promise<readonly RolledPosting[]>

/** `isShort`: something was posted that nobody knows the business time of, and it may have counted. */
export type Stretch = {
  readonly sums: Sums
  readonly told: Told
  readonly type?: AccountType
  readonly isShort: boolean
}

/**
 * Sums what counts of the revisions after one of which all is told. Each entry says the totals before and after it, so
 * that what was skipped in `entries` shows as a gap, but for what comes after the last one. What is found nowhere counts
 * where all that was recorded by then does: nothing has a business time later than its recording.
 */
export async function sumOfStretch(
  view: ReadView,
  when: PostedWhen,
  { since, fill }: Beginning,
): Promise<Stretch> {
  let stretch: Stretch = { sums: nothing, told: since, isShort: false }
  for await (const page of pages(view, entries, entriesAfter(since.revision, when)))
    for (const { document } of page) {
      if (document.kind === 'act') continue
      if (!isNothing(missingBefore(document, stretch.told)))
        stretch = await withGap(stretch, document, { when, fill })
      stretch = withEntry(stretch, document, when)
    }
  const { told, sums } = stretch
  const { revision } = when
  const gap = { after: told.revision, before: revision + 1n }
  const rest = told.revision < revision ? await fill(gap) : []
  const totals = plus(told.totals, sumOf(rest))
  return { ...stretch, told: { revision, totals }, sums: plus(sums, sumBefore(rest, when)) }
}

type Beginning = { readonly since: Told; readonly fill: Fill }

type TotalsEntry = Exclude<EntryDocument, { kind: 'act' }>

/** What the entry says was there before it, and no entry had. */
function missingBefore(entry: TotalsEntry, { totals }: Told): Sums {
  return minus(minus(totalsOf(entry), sumsOf(entry)), totals)
}

async function withGap(
  stretch: Stretch,
  entry: TotalsEntry,
  { when, fill }: { readonly when: PostedWhen; readonly fill: Fill },
): Promise<Stretch> {
  const { sums, told, isShort } = stretch
  const found = await fill({ after: told.revision, before: BigInt(entry.revision) })
  const lost = minus(missingBefore(entry, told), sumOf(found))
  const isOver = entry.recordedAt < when.before
  return {
    ...stretch,
    sums: plus(plus(sums, sumBefore(found, when)), isOver ? lost : nothing),
    isShort: isShort || (!isOver && !isNothing(lost)),
  }
}

function withEntry(stretch: Stretch, entry: TotalsEntry, { before }: PostedWhen): Stretch {
  const counts = entry.kind === 'posting' && entry.effectiveAt < before
  return {
    sums: counts ? plus(stretch.sums, sumsOf(entry)) : stretch.sums,
    told: { revision: BigInt(entry.revision), totals: totalsOf(entry) },
    type: entry.type,
    isShort: stretch.isShort,
  }
}

function sumBefore(lines: readonly RolledPosting[], { before }: PostedWhen): Sums {
  return sumOf(lines.filter(({ effectiveAt }) => effectiveAt < before))
}

function entriesAfter(after: bigint, { accountId, asset, revision }: PostedWhen): Find {
  return {
    where: [
      { field: 'accountId', is: accountId },
      { field: 'asset', is: asset },
      { field: 'revision', from: (after + 1n).toString(), upTo: revision.toString() },
    ],
    orderBy: ['revision'],
    limit: scanPageSize,
  }
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

export function plus(one: Sums, other: Sums): Sums {
  return { debits: one.debits + other.debits, credits: one.credits + other.credits }
}

export function minus(one: Sums, other: Sums): Sums {
  return { debits: one.debits - other.debits, credits: one.credits - other.credits }
}

export function isNothing({ debits, credits }: Sums): boolean {
  return debits === 0n && credits === 0n
}

export function sumOf(all: readonly Sums[]): Sums {
  return all.reduce<Sums>(plus, nothing)
}

/** What the entry says was posted by then. */
export function totalsOf({
  postedDebits,
  postedCredits,
}: Pick<PostingEntry | PendingEntry, 'postedDebits' | 'postedCredits'>): Sums {
  return { debits: BigInt(postedDebits), credits: BigInt(postedCredits) }
}

/** What the entry adds to the posted totals. */
export function sumsOf(entry: EntryDocument): Sums {
  if (entry.kind !== 'posting') return nothing
  const amount = BigInt(entry.amount)
  return entry.side === 'debit' ? { debits: amount, credits: 0n } : { debits: 0n, credits: amount }
}
