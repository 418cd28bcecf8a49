import { z } from 'zod'
import type { Command } from '#commands/command.ts'
import { accountId, limit, metadata } from '#commands/schemas.ts'
import { limitsInOrder } from '#commands/limits.ts'
import type { Limits } from '#events/account-events.ts'
import { type AccountType, accountTypes } from '#values/balances.ts'
import { accept, reject } from '#values/decision.ts'

const schema = z.strictObject({
  accountId,
  type: z.enum(accountTypes),
  limits: z.strictObject({ min: limit.optional(), max: limit.optional() }).optional(),
  metadata: metadata.optional(),
})

type Input = z.infer<typeof schema>

/** Opens an account; limits left out take the type's default. */
export const openAccount: Command<Input> = {
  name: 'OpenAccount',
  schema,
  pathIds: [],
  decide(ledger, input) {
    if (ledger.accounts.has(input.accountId))
      return reject('account-exists', `account ${input.accountId} exists`, {
        account: input.accountId,
      })
    const limits = limitsAtOpening(input)
    return (
      limitsInOrder(limits) ??
      accept({
        type: 'AccountOpened',
        data: {
          accountId: input.accountId,
          limits,
          metadata: input.metadata ?? {},
          type: input.type,
        },
      })
    )
  },
}

function limitsAtOpening({ type, limits }: Input): Limits {
  return {
    max: limits?.max ?? null,
    min: limits?.min === undefined ? defaultMin(type) : limits.min,
  }
}

function defaultMin(type: AccountType): Limits['min'] {
  return type === 'asset' || type === 'liability' ? '0' : null
}
