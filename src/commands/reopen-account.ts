import { z } from 'zod'
import { actOn, withAccount } from '#commands/account-act.ts'
import type { Command } from '#commands/command.ts'
import { accountId, reason } from '#commands/schemas.ts'
import { accept, reject } from '#values/decision.ts'

const schema = z.strictObject({ accountId, reason })

/** Opens a closed account again, with the limits, metadata and freeze it had. */
export const reopenAccount: Command<z.infer<typeof schema>> = {
  name: 'ReopenAccount',
  schema,
  pathIds: ['accountId'],
  decide: (ledger, { accountId: id, reason: why }) =>
    withAccount(ledger, id, (account) => {
      if (account.status === 'open')
        return reject('account-not-closed', `account ${id} is open`, { account: id })
      return accept({ type: 'AccountReopened', data: { ...actOn(account), reason: why } })
    }),
}
