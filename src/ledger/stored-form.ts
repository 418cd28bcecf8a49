import type { Limits } from '#events/account-events.ts'
import type { Account } from '#ledger/ledger.ts'
import { type BalanceRecord, balanceRecord } from '#values/balances.ts'

/** All balances of an account as events and documents hold them, by asset in code unit order. */
export function balanceRecords(account: Account): readonly BalanceRecord[] {
  return [...account.balances]
    .map(([asset, totals]) => balanceRecord(account, asset, totals))
    .toSorted((a, b) => (a.asset < b.asset ? -1 : 1))
}

/** An account's limits as events and documents hold them. */
export function storedLimits({ limits }: Account): Limits {
  return { max: limits.max?.toString() ?? null, min: limits.min?.toString() ?? null }
}
