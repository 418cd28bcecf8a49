import { z } from 'zod'
import type { Command, DecisionContext } from '#commands/command.ts'
import { particularsOf } from '#commands/particulars.ts'
import { type PostedEvent, reinstatementOf, reversalOf } from '#commands/reversals.ts'
import { amounts, particulars, reason, revisionId, timestamp } from '#commands/schemas.ts'
import { effectiveByNow, mayMove, referenceFree } from '#ledger/guards.ts'
import { balancesAfter, moved, postedChanges, withinLimits } from '#ledger/movements.ts'
import type { LedgerRejection } from '#ledger/rejections.ts'
import { accept, reject } from '#values/decision.ts'
import type { RevisionId } from '#values/ids.ts'
import type { Timestamp } from '#values/timestamps.ts'

const schema = z.strictObject({
  transactionId: revisionId,
  amounts: amounts.optional(),
  reason,
  effectiveAt: timestamp.optional(),
  ...particulars,
})

/** Undoes a transaction, whole or in part, by postings the other way round. */
export const reverseTransaction: Command<z.infer<typeof schema>> = {
  name: 'ReverseTransaction',
  schema,
  pathIds: ['transactionId'],
  looksAt: (input) => [BigInt(input.transactionId)],
  decide(ledger, input, context) {
    const target = targetOf(context, input.transactionId)
    if (target === undefined)
      return reject('transaction-not-found', `there is no transaction ${input.transactionId}`, {
        transactionId: input.transactionId,
      })
    const effectiveAt = input.effectiveAt ?? context.now
    const undoing = isReversal(target)
      ? reinstatementOf(ledger, target, input.amounts)
      : reversalOf(ledger, target, input.amounts)
    if ('outcome' in undoing) return undoing
    const refusal =
      effectiveByNow(effectiveAt, context.now) ??
      notBefore(effectiveAt, target.data.effectiveAt) ??
      mayMove(ledger, undoing.postings) ??
      referenceFree(ledger, input.externalReference)
    if (refusal !== undefined) return refusal
    const movements = moved(ledger, postedChanges(undoing.postings))
    return (
      withinLimits(movements) ??
      accept({
        type: 'TransactionPosted',
        data: {
          balances: balancesAfter(movements),
          effectiveAt,
          ...particularsOf(input),
          ...undoing,
          reason: input.reason,
          reverses: input.transactionId,
        },
      })
    )
  },
}

function targetOf(context: DecisionContext, transactionId: RevisionId): PostedEvent | undefined {
  const event = context.eventAt(BigInt(transactionId))
  return event?.type === 'TransactionPosted' || event?.type === 'HoldCaptured' ? event : undefined
}

function isReversal(target: PostedEvent): boolean {
  return target.type === 'TransactionPosted' && target.data.kind !== 'transaction'
}

function notBefore(effectiveAt: Timestamp, original: Timestamp): LedgerRejection | undefined {
  if (effectiveAt >= original) return undefined
  return reject(
    'effective-at-before-original',
    `effectiveAt ${effectiveAt} is before the transaction's own ${original}`,
    { effectiveAt, original },
  )
}
