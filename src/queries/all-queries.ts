import { accountBalances } from '#queries/account-balances.ts'
import { accountEntries } from '#queries/account-entries.ts'
import { accountEventRevisions } from '#queries/account-event-revisions.ts'
import { accountStatement } from '#queries/account-statement.ts'
import { eventRevisionsByType } from '#queries/event-revisions-by-type.ts'
import { getAccount } from '#queries/get-account.ts'
import { getHold } from '#queries/get-hold.ts'
import { getLedger } from '#queries/get-ledger.ts'
import { getTransaction } from '#queries/get-transaction.ts'
import { listAccounts } from '#queries/list-accounts.ts'
import { listCommands } from '#queries/list-commands.ts'
import { listHolds } from '#queries/list-holds.ts'
import { listLedgers } from '#queries/list-ledgers.ts'
import { listTransactions } from '#queries/list-transactions.ts'
import { trialBalance } from '#queries/trial-balance.ts'

/** Every question there is, by name. */
export const queries = {
  listLedgers,
  getLedger,
  listAccounts,
  getAccount,
  accountBalances,
  accountEntries,
  accountStatement,
  listTransactions,
  getTransaction,
  listHolds,
  getHold,
  trialBalance,
  listCommands,
  accountEventRevisions,
  eventRevisionsByType,
} as const
