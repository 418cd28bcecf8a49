import type { SignedAmount } from '#values/amounts.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountId } from '#values/ids.ts'

/** Asset and expense accounts grow by debits; liability, equity and income accounts by credits. */
export type AccountType = 'asset' | 'expense' | 'liability' | 'equity' | 'income'

export const accountTypes = ['asset', 'expense', 'liability', 'equity', 'income'] as const

/** The four raw totals of one account in one asset; each only ever compared with the others. */
export type Totals = {
  readonly postedDebits: bigint
  readonly postedCredits: bigint
  readonly pendingDebits: bigint
  readonly pendingCredits: bigint
}

export const noTotals: Totals = {
  postedDebits: 0n,
  postedCredits: 0n,
  pendingDebits: 0n,
  pendingCredits: 0n,
}

/** The four totals of one account and asset as an event stores them, after that event; `type` says which way they count. */
export type BalanceRecord = {
  readonly accountId: AccountId
  readonly type: AccountType
  readonly asset: Asset
  readonly postedDebits: SignedAmount
  readonly postedCredits: SignedAmount
  readonly pendingDebits: SignedAmount
  readonly pendingCredits: SignedAmount
}

/** The balance resource of the API: the raw totals and what they mean for an account of that type. */
export type Balance = Omit<BalanceRecord, 'type'> & {
  readonly posted: SignedAmount
  readonly pending: SignedAmount
  readonly available: SignedAmount
}

export function isDebitNormal(type: AccountType): boolean {
  return type === 'asset' || type === 'expense'
}

/** What is booked for good, in the direction in which accounts of this type grow. */
export function posted(type: AccountType, totals: Totals): bigint {
  const net = totals.postedDebits - totals.postedCredits
  return isDebitNormal(type) ? net : -net
}

/** What may still be taken out: posted less everything reserved against it. */
export function available(type: AccountType, totals: Totals): bigint {
  const reserved = isDebitNormal(type) ? totals.pendingCredits : totals.pendingDebits
  return posted(type, totals) - reserved
}

/** What posted would be if every incoming reservation came true and no outgoing one did. */
export function ceiling(type: AccountType, totals: Totals): bigint {
  const incoming = isDebitNormal(type) ? totals.pendingDebits : totals.pendingCredits
  return posted(type, totals) + incoming
}

/** What posted would be if every reservation came true. */
export function pending(type: AccountType, totals: Totals): bigint {
  const net = totals.pendingDebits - totals.pendingCredits
  return posted(type, totals) + (isDebitNormal(type) ? net : -net)
}

export function totalsOf(record: BalanceRecord): Totals {
  return {
    postedDebits: BigInt(record.postedDebits),
    postedCredits: BigInt(record.postedCredits),
    pendingDebits: BigInt(record.pendingDebits),
    pendingCredits: BigInt(record.pendingCredits),
  }
}

/** The stored form of an account's totals in one asset. */
export function balanceRecord(
  account: { readonly accountId: AccountId; readonly type: AccountType },
  asset: Asset,
  totals: Totals,
): BalanceRecord {
  return {
    accountId: account.accountId,
    asset,
    pendingCredits: totals.pendingCredits.toString(),
    pendingDebits: totals.pendingDebits.toString(),
    postedCredits: totals.postedCredits.toString(),
    postedDebits: totals.postedDebits.toString(),
    type: account.type,
  }
}

/** The resource of one stored balance. */
export function balanceOf(record: BalanceRecord): Balance {
  const totals = totalsOf(record)
  const { type } = record
  return {
    accountId: record.accountId,
    asset: record.asset,
    postedDebits: record.postedDebits,
    postedCredits: record.postedCredits,
    pendingDebits: record.pendingDebits,
    pendingCredits: record.pendingCredits,
    posted: posted(type, totals).toString(),
    pending: pending(type, totals).toString(),
    available: available(type, totals).toString(),
  }
}
