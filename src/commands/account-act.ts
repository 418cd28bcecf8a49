import type { AccountAct } from '#events/account-events.ts'
import { accountClosed, accountNotFound } from '#ledger/guards.ts'
import type { Account, Ledger } from '#ledger/ledger.ts'
import type { LedgerDecision } from '#ledger/rejections.ts'
import { balanceRecords } from '#ledger/stored-form.ts'
import type { AccountId } from '#values/ids.ts'

/** Decides about an account that exists. */
export function withAccount(
  ledger: Ledger,
  accountId: AccountId,
  decide: (account: Account) => LedgerDecision,
): LedgerDecision {
  const account = ledger.accounts.get(accountId)
  return account === undefined ? accountNotFound(accountId) : decide(account)
}

/** Decides about an account that exists and is open. */
export function withOpenAccount(
  ledger: Ledger,
  accountId: AccountId,
  decide: (account: Account) => LedgerDecision,
): LedgerDecision {
  return withAccount(ledger, accountId, (account) =>
    account.status === 'closed' ? accountClosed(accountId) : decide(account),
  )
}

/** What every event about an account carries. */
export function actOn(account: Account): AccountAct {
  return {
    accountId: account.accountId,
    balances: balanceRecords(account),
    previous: account.lastAct.toString(),
  }
}
