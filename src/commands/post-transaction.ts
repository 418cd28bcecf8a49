import { z } from 'zod'
import type { Command } from '#commands/command.ts'
import { asStored } from '#commands/particulars.ts'
import { conditions, particulars, postings, timestamp } from '#commands/schemas.ts'
import { conditionsHold, effectiveByNow, mayMove, referenceFree } from '#ledger/guards.ts'
import { balancesAfter, moved, postedChanges, withinLimits } from '#ledger/movements.ts'
import type { BalanceRecord } from '#values/balances.ts'
import { accept } from '#values/decision.ts'
import type { Timestamp } from '#values/timestamps.ts'

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
    return (
      withinLimits(movements) ??
      accept({
        type: 'TransactionPosted',
        data: dataOf(input, effectiveAt, balancesAfter(movements)),
      })
    )
  },
}

/** In canonical order, in which an event is written fastest. */
function dataOf(
  { description, externalReference, metadata = {}, postings: asked }: z.infer<typeof schema>,
  effectiveAt: Timestamp,
  balances: readonly BalanceRecord[],
) {
  return {
    balances,
    ...(description !== undefined && { description }),
    effectiveAt,
    ...(externalReference !== undefined && { externalReference }),
    kind: 'transaction',
    metadata,
    postings: asked.map(asStored),
  } as const
}
