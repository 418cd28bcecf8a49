import { z } from 'zod'
import { actOn, withOpenAccount } from '#commands/account-act.ts'
import type { Command } from '#commands/command.ts'
import { accountId, reason } from '#commands/schemas.ts'
import type { Account } from '#ledger/ledger.ts'
import type { LedgerRejection } from '#ledger/rejections.ts'
import { posted } from '#values/balances.ts'
import { accept, reject } from '#values/decision.ts'

const schema = z.strictObject({ accountId, reason })

/** Closes an account that holds nothing and has nothing reserved. */
export const closeAccount: Command<z.infer<typeof schema>> = {
  name: 'CloseAccount',
  schema,
  pathIds: ['accountId'],
  decide: (ledger, { accountId: id, reason: why }) =>
    withOpenAccount(
      ledger,
      id,
      (account) =>
        isEmpty(account) ??
        hasNoHolds(account) ??
        accept({ type: 'AccountClosed', data: { ...actOn(account), reason: why } }),
    ),
}

function isEmpty(account: Account): LedgerRejection | undefined {
  for (const [asset, totals] of account.balances) {
    const balance = posted(account.type, totals)
    if (balance !== 0n)
      return reject('account-not-empty', `account ${account.accountId} has ${balance} ${asset}`, {
        account: account.accountId,
        asset,
        posted: balance.toString(),
      })
  }
  return undefined
}

function hasNoHolds(account: Account): LedgerRejection | undefined {
  for (const [asset, { pendingDebits, pendingCredits }] of account.balances)
    if (pendingDebits !== 0n || pendingCredits !== 0n)
      return reject(
        'account-has-holds',
        `account ${account.accountId} has open holds in ${asset}`,
        {
          account: account.accountId,
          asset,
          pendingDebits: pendingDebits.toString(),
          pendingCredits: pendingCredits.toString(),
        },
      )
  return undefined
}
