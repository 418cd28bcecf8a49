import { z } from 'zod'
import { actOn, withOpenAccount } from '#commands/account-act.ts'
import type { Command } from '#commands/command.ts'
import { accountId, reason } from '#commands/schemas.ts'
import { accept } from '#values/decision.ts'

const schema = z.strictObject({
  accountId,
  direction: z.enum(['debits', 'credits', 'all']),
  reason,
})

/** Stops postings on one side of an account or both; a second freeze replaces the first. Holds stay. */
export const freezeAccount: Command<z.infer<typeof schema>> = {
  name: 'FreezeAccount',
  schema,
  pathIds: ['accountId'],
  decide: (ledger, { accountId: id, direction, reason: why }) =>
    withOpenAccount(ledger, id, (account) =>
      accept({ type: 'AccountFrozen', data: { ...actOn(account), direction, reason: why } }),
    ),
}
