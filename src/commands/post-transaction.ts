import { z } from 'zod'
import type { Command } from '#commands/command.ts'
import { asStored, particularsOf } from '#commands/particulars.ts'
import { conditions, particulars, postings, timestamp } from '#commands/schemas.ts'
import { conditionsHold, effectiveByNow, mayMove, referenceFree } from '#ledger/guards.ts'
import { balancesAfter, moved, postedChanges, withinLimits } from '#ledger/movements.ts'
import { accept } from '#values/decision.ts'

const schema = z.strictObject({
  postings,
  effectiveAt: timestamp.optional(),
  ...particulars,
  conditions: conditions.optional(),
})

/** Moves value between accounts for good. */
export const postTransaction: Command<z.infer<typeof schema>> = {
  name: 'PostTransaction',
  schema,
  pathIds: [],
  decide(ledger, input, { now }) {
    const effectiveAt = input.effectiveAt ?? now
    const refusal =
      effectiveByNow(effectiveAt, now) ??
      mayMove(ledger, input.postings) ??
      referenceFree(ledger, input.externalReference) ??
      conditionsHold(ledger, input.conditions ?? [])
    if (refusal !== undefined) return refusal
    const movements = moved(ledger, postedChanges(input.postings))
    const { description, externalReference, metadata } = particularsOf(input)
    return (
      withinLimits(movements) ??
      accept({
        type: 'TransactionPosted',
        // In canonical order, in which an event is written fastest.
        data: {
          balances: balancesAfter(movements),
          ...(description !== undefined && { description }),
          effectiveAt,
          ...(externalReference !== undefined && { externalReference }),
          kind: 'transaction',
          metadata,
          postings: input.postings.map(asStored),
        },
      })
    )
  },
}
