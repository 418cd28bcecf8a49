import { z } from 'zod'
import type { Command } from '#commands/command.ts'
import { particularsOf } from '#commands/particulars.ts'
import { conditions, particulars, postings, timestamp } from '#commands/schemas.ts'
import { conditionsHold, expiresAfterNow, mayMove, referenceFree } from '#ledger/guards.ts'
import { balancesAfter, heldChanges, moved, withinLimits } from '#ledger/movements.ts'
import { accept } from '#values/decision.ts'

const schema = z.strictObject({
  postings,
  expiresAt: timestamp.optional(),
  ...particulars,
  conditions: conditions.optional(),
})

/** Reserves value: every posting counts alone, because each may be captured alone. */
export const placeHold: Command<z.infer<typeof schema>> = {
  name: 'PlaceHold',
  schema,
  pathIds: [],
  decide(ledger, input, { now }) {
    const refusal =
      expiresAfterNow(input.expiresAt, now) ??
      mayMove(ledger, input.postings) ??
      referenceFree(ledger, input.externalReference) ??
      conditionsHold(ledger, input.conditions ?? [])
    if (refusal !== undefined) return refusal
    const movements = moved(ledger, heldChanges(input.postings))
    return (
      withinLimits(movements) ??
      accept({
        type: 'HoldPlaced',
        data: {
          balances: balancesAfter(movements),
          ...particularsOf(input),
          ...(input.expiresAt !== undefined && { expiresAt: input.expiresAt }),
          postings: input.postings,
        },
      })
    )
  },
}
