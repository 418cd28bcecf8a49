import { z } from 'zod'
import { actOn, withOpenAccount } from '#commands/account-act.ts'
import type { Command } from '#commands/command.ts'
import { limitsInOrder } from '#commands/limits.ts'
import { accountId, limit } from '#commands/schemas.ts'
import type { Account } from '#ledger/ledger.ts'
import type { LedgerRejection } from '#ledger/rejections.ts'
import { storedLimits } from '#ledger/stored-form.ts'
import { available, ceiling } from '#values/balances.ts'
import { accept, reject } from '#values/decision.ts'

const schema = z.strictObject({
  accountId,
  limits: z
    .strictObject({ min: limit.optional(), max: limit.optional() })
    .refine((limits) => limits.min !== undefined || limits.max !== undefined, 'min, max or both'),
})

type Input = z.infer<typeof schema>

/** Changes the limits given; the balances must already keep to those. */
export const changeAccountLimits: Command<Input> = {
  name: 'ChangeAccountLimits',
  schema,
  pathIds: ['accountId'],
  decide: (ledger, input) =>
    withOpenAccount(ledger, input.accountId, (account) => {
      const before = storedLimits(account)
      const after = {
        max: input.limits.max === undefined ? before.max : input.limits.max,
        min: input.limits.min === undefined ? before.min : input.limits.min,
      }
      return (
        limitsInOrder(after) ??
        balancesKeepTo(account, input.limits) ??
        accept({ type: 'AccountLimitsChanged', data: { ...actOn(account), after, before } })
      )
    }),
}

function balancesKeepTo(
  account: Account,
  { min, max }: Input['limits'],
): LedgerRejection | undefined {
  for (const [asset, totals] of account.balances) {
    const [floor, top] = [available(account.type, totals), ceiling(account.type, totals)]
    const below = typeof min === 'string' && floor < BigInt(min)
    const above = typeof max === 'string' && top > BigInt(max)
    if (below || above)
      return reject(
        'limits-violated-by-balance',
        `account ${account.accountId} has ${below ? floor : top} ${asset}, outside the new limits`,
        {
          account: account.accountId,
          asset,
          available: floor.toString(),
          ceiling: top.toString(),
        },
      )
  }
  return undefined
}
