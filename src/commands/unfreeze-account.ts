import { z } from 'zod'
import { actOn, withOpenAccount } from '#commands/account-act.ts'
import type { Command } from '#commands/command.ts'
import { accountId, reason } from '#commands/schemas.ts'
import { accept, reject } from '#values/decision.ts'

const schema = z.strictObject({ accountId, reason })

/** Lets both sides of an account move again. */
export const unfreezeAccount: Command<z.infer<typeof schema>> = {
  name: 'UnfreezeAccount',
  schema,
  pathIds: ['accountId'],
  decide: (ledger, { accountId: id, reason: why }) =>
    withOpenAccount(ledger, id, (account) => {
      if (account.frozen === 'none')
        return reject('account-not-frozen', `account ${id} is not frozen`, { account: id })
      return accept({ type: 'AccountUnfrozen', data: { ...actOn(account), reason: why } })
    }),
}
