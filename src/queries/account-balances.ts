import { z } from 'zod'
import { accounts } from '#projections/accounts.ts'
import { commands } from '#projections/commands.ts'
import type { AccountDocument } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import { ledgers } from '#projections/ledgers.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import { wasOpened } from '#queries/account-history.ts'
import { type AsOf, asOf, justAfter } from '#queries/clocks.ts'
import { inLedger, type LedgerMoment } from '#queries/ledger-moment.ts'
import {
  anAccountId,
  anAsset,
  clocks,
  aLedgerId,
  oneRecordClock,
  oneRecordClockRule,
} from '#queries/parameters.ts'
import { isNothing } from '#queries/entry-sums.ts'
import { postedBy, postedTotals } from '#queries/posted-totals.ts'
import type { Answer, Query, QueryRefusal } from '#queries/query.ts'
import { type Found, getFrom } from '#queries/reading.ts'
import {
  accountNotFound,
  accountNotYetOpened,
  assetUnknown,
  projectionBehind,
} from '#queries/refusals.ts'
import { isRegistered } from '#queries/registered-assets.ts'
import type { Asset } from '#values/assets.ts'
import { type Balance, balanceOf, balanceRecord, noTotals } from '#values/balances.ts'
import type { JsonObject } from '#values/json.ts'

const parameters = z
  .strictObject({
    ledgerId: aLedgerId,
    accountId: anAccountId,
    asset: anAsset.optional(),
    ...clocks,
  })
  .refine(oneRecordClock, oneRecordClockRule)

/**
 * An account's balances by either clock, both or neither; one per asset that had touched it by then, by asset. An asset
 * asked for by name is always there, with zeros where it was never used.
 */
export const accountBalances: Query<z.infer<typeof parameters>> = {
  name: 'accountBalances',
  models: [ledgers, accounts, entries, commands],
  alsoReads: [trialBalances],
  parameters,
  answer: inLedger(async (moment, asked) => {
    // Before all else: a document that changes often may soon be beyond the view.
    const account = await getFrom(moment.view, accounts, asked.accountId)
    const when = await asOf(moment, asked)
    if ('kind' in when) return when
    if (account === undefined) return accountNotFound(asked.accountId)
    const at = { accountId: asked.accountId, revision: when.revision }
    const known = account.revision <= at.revision || (await wasOpened(moment.view, at))
    if (!known) return accountNotYetOpened(at.accountId, at.revision)
    if (asked.asset !== undefined) return answerOne(moment, { account, when }, asked.asset)
    const balances: JsonObject[] = []
    for (const { asset } of account.document.balances) {
      const balance = await balanceBy(moment, { account, when }, asset)
      if (balance === 'behind') return behind(moment, when)
      if (balance !== undefined) balances.push(balance)
    }
    return { kind: 'one', data: balances }
  }),
}

type Asked = { readonly account: Found<AccountDocument>; readonly when: AsOf }

async function answerOne(moment: LedgerMoment, asked: Asked, asset: Asset): Promise<Answer> {
  const balance = await balanceBy(moment, asked, asset)
  if (balance === 'behind') return behind(moment, asked.when)
  if (balance !== undefined) return { kind: 'one', data: [balance] }
  if (!(await isRegistered(moment, asset))) return assetUnknown(asset)
  const { account, when } = asked
  const zeros = balanceOf(balanceRecord(account.document, asset, noTotals))
  return { kind: 'one', data: [when.effectiveAt === undefined ? zeros : withoutPending(zeros)] }
}

/** What is lacking in the entries is not added up yet. */
function behind({ revision: applied }: LedgerMoment, { revision }: AsOf): QueryRefusal {
  return projectionBehind(revision, applied)
}

/** Undefined where the asset had not touched the account. */
function balanceBy(
  moment: LedgerMoment,
  asked: Asked,
  asset: Asset,
): Promise<JsonObject | 'behind' | undefined> {
  const { effectiveAt } = asked.when
  return effectiveAt === undefined
    ? balanceInLog(moment, asked, asset)
    : balanceInBusiness(moment, asked, { asset, before: justAfter(effectiveAt) })
}

/**
 * The account's own document where it has not changed since, else the last entry by then: what was posted after it, too,
 * where that was skipped in `entries`; of what was pending nobody knows then, so it is left out.
 */
async function balanceInLog(
  { view }: LedgerMoment,
  { account, when }: Asked,
  asset: Asset,
): Promise<JsonObject | 'behind' | undefined> {
  const { accountId, balances } = account.document
  if (account.revision <= when.revision) {
    const record = balances.find((balance) => balance.asset === asset)
    return record && balanceOf(record)
  }
  const told = await postedBy(view, { accountId, asset, revision: when.revision })
  if (told === 'behind') return told
  const { entry, totals } = told
  if (entry === undefined && isNothing(totals)) return undefined
  const record = entry ?? balanceRecord(account.document, asset, noTotals)
  const postedDebits = totals.debits.toString()
  const postedCredits = totals.credits.toString()
  const balance = balanceOf({ ...record, postedDebits, postedCredits })
  const isOfThen = entry?.postedDebits === postedDebits && entry.postedCredits === postedCredits
  return isOfThen ? balance : withoutPending(balance)
}

async function balanceInBusiness(
  { view }: LedgerMoment,
  { account, when }: Asked,
  { asset, before }: { readonly asset: Asset; readonly before: string },
): Promise<JsonObject | 'behind' | undefined> {
  const { accountId } = account.document
  const totals = await postedTotals(view, { accountId, asset, before, revision: when.revision })
  if (totals === 'behind') return totals
  if (totals === undefined || totals.debits + totals.credits === 0n) return undefined
  const { debits, credits, type } = totals
  const all = { ...noTotals, postedDebits: debits, postedCredits: credits }
  return withoutPending(balanceOf(balanceRecord({ accountId, type }, asset, all)))
}

/** What is pending has no business time, and is not known after what was skipped. */
function withoutPending(balance: Balance): JsonObject {
  const { accountId, asset, postedDebits, postedCredits, posted } = balance
  return { accountId, asset, postedDebits, postedCredits, posted }
}
