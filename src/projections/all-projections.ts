import { accounts } from '#projections/accounts.ts'
import { commands } from '#projections/commands.ts'
import { entries } from '#projections/entries.ts'
import { holds } from '#projections/holds.ts'
import { ledgers } from '#projections/ledgers.ts'
import type { Projection } from '#projections/projection.ts'
import { transactions } from '#projections/transactions.ts'
import { trialBalances } from '#projections/trial-balances.ts'

/** Every read model there is, in the order in which they are shown. */
export const allProjections: readonly Projection[] = [
  ledgers,
  accounts,
  transactions,
  holds,
  entries,
  trialBalances,
  commands,
]
