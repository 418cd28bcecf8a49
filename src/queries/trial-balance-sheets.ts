import type { ReadView } from '#ports/read-models.ts'
import type { AccountTotals, TrialBalanceDocument } from '#projections/documents.ts'
import { type TrialBalanceRow, trialBalanceRow } from '#projections/resources.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import { type AsOf, justAfter } from '#queries/clocks.ts'
import type { Sums } from '#queries/entry-sums.ts'
import { fillFrom, rolledTotals } from '#queries/posted-totals.ts'
import { type Found, getFrom, pages, scanPageSize, turn } from '#queries/reading.ts'
import { toldAt } from '#queries/told-totals.ts'
import type { SignedAmount } from '#values/amounts.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountId } from '#values/ids.ts'

/** One asset of a trial balance: whole totals, and the accounts of one page. */
export type AssetSheet = SheetTotals & {
  readonly asset: Asset
  readonly accounts: readonly TrialBalanceRow[]
}

export type SheetTotals = {
  readonly totalDebits: SignedAmount
  readonly totalCredits: SignedAmount
}

/** What to read of one asset: at most `room` accounts from after one, and the totals where they are not known. */
export type SheetWanted = {
  readonly asset: Asset
  readonly room: number
  readonly after?: AccountId
  readonly totals?: SheetTotals
}

type LatestTotals = Found<TrialBalanceDocument> | undefined

/** The totals of each of the assets as of the view. */
export async function latestTotals(
  view: ReadView,
  assets: readonly Asset[],
): Promise<ReadonlyMap<Asset, LatestTotals>> {
  const found = assets.map(
    async (asset) => [asset, await getFrom(view, trialBalances, asset)] as const,
  )
  return new Map(await Promise.all(found))
}

/** An asset's totals where no account has to be read for them: nothing was posted in it since, or nothing at all. */
export function knownTotals(found: LatestTotals, when: AsOf): SheetTotals | undefined {
  if (when.revision < 0n) return noTotals
  if (when.effectiveAt !== undefined) return undefined
  if (found === undefined) return noTotals
  const { revision, document } = found
  if (revision > when.revision || document.kind !== 'asset') return undefined
  return { totalDebits: document.totalDebits, totalCredits: document.totalCredits }
}

const noTotals: SheetTotals = { totalDebits: '0', totalCredits: '0' }

/** Reads on to the last account only where that is needed for the totals. */
export async function readSheet(
  view: ReadView,
  wanted: SheetWanted,
  when: AsOf,
): Promise<AssetSheet> {
  const { asset, room, totals } = wanted
  const accounts: TrialBalanceRow[] = []
  let [debits, credits] = [0n, 0n]
  if (totals !== undefined && room === 0) return { asset, ...totals, accounts }
  for await (const row of rowsOf(view, wanted, when)) {
    debits += BigInt(row.debits)
    credits += BigInt(row.credits)
    if (accounts.length < room) accounts.push(row)
    if (totals !== undefined && accounts.length === room) break
  }
  const sums = { totalDebits: debits.toString(), totalCredits: credits.toString() }
  return { asset, ...(totals ?? sums), accounts }
}

async function* rowsOf(
  view: ReadView,
  { asset, room, after, totals }: SheetWanted,
  when: AsOf,
): AsyncGenerator<TrialBalanceRow> {
  const find = {
    where: [
      { field: 'kind', is: 'account' },
      { field: 'asset', is: asset },
    ],
    orderBy: ['accountId'],
    limit: totals === undefined ? scanPageSize : Math.min(room, scanPageSize),
    evenAhead: true as const,
    ...(after !== undefined && { after: [after, `${asset}|${after}`] }),
  }
  for await (const page of pages(view, trialBalances, find)) {
    for (const found of page) {
      const row = await rowAt(view, found, when)
      if (row !== undefined) yield row
    }
  }
}

/** The account's line as of that moment, by its entries where it has changed since; undefined where nothing had been posted on it by then. */
async function rowAt(
  view: ReadView,
  { revision, document }: Found<TrialBalanceDocument>,
  when: AsOf,
): Promise<TrialBalanceRow | undefined> {
  if (document.kind !== 'account') return undefined
  if (when.effectiveAt === undefined && revision <= when.revision) return trialBalanceRow(document)
  await turn()
  const { debits, credits } = await postedBy(view, { revision, document }, when)
  if (debits + credits === 0n) return undefined
  return trialBalanceRow({ ...document, debits: debits.toString(), credits: credits.toString() })
}

type Account = { readonly revision: bigint; readonly document: AccountTotals }

/**
 * What was skipped since the account was last posted to is lacking by whatever clock: nobody reads here on which accounts
 * it was, so one line alone would have it.
 */
async function postedBy(
  view: ReadView,
  { revision: last, document: account }: Account,
  { revision, effectiveAt }: AsOf,
): Promise<Sums> {
  const { accountId, asset, debits, credits } = account
  const isLatest = last <= revision
  const at = { accountId, asset, revision: isLatest ? last : revision }
  const rolled = { model: trialBalances, account }
  const told = isLatest
    ? { revision: last, totals: { debits: BigInt(debits), credits: BigInt(credits) } }
    : await toldAt(view, at, fillFrom(view, rolled))
  if (effectiveAt === undefined) return told.totals
  const when = { ...at, before: justAfter(effectiveAt) }
  return rolledTotals(view, when, { ...rolled, told })
}
