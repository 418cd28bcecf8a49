import type { Limits } from '#events/account-events.ts'
import type { Account } from '#ledger/ledger.ts'
import type { Asset } from '#values/assets.ts'
import { type BalanceRecord, balanceRecord, type Totals } from '#values/balances.ts'

/** An account, or a copy of one that nobody changes. */
export type AccountAtOneMoment = Omit<Account, 'balances'> & {
  readonly balances: Iterable<readonly [Asset, Totals]>
}

/** All balances of an account as events and documents hold them, by asset in code unit order. */
export function balanceRecords(account: AccountAtOneMoment): readonly BalanceRecord[] {
  return [...account.balances]
    .map(([asset, totals]) => balanceRecord(account, asset, totals))
    .toSorted((a, b) => (a.asset < b.asset ? -1 : 1))
}

/** An account's limits as events and documents hold them. */
export function storedLimits({ limits }: Pick<Account, 'limits'>): Limits {
  return { max: limits.max?.toString() ?? null, min: limits.min?.toString() ?? null }
}
