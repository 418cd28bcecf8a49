import { z } from 'zod'
import type { Command } from '#commands/command.ts'
import { actOnHold, withOpenHold } from '#commands/hold-act.ts'
import { particularsOf } from '#commands/particulars.ts'
import { amounts, particulars, revisionId, timestamp } from '#commands/schemas.ts'
import type { HoldCaptured } from '#events/hold-events.ts'
import { effectiveByNow, mayMove, referenceFree } from '#ledger/guards.ts'
import { type Hold, type Ledger, remaining } from '#ledger/ledger.ts'
import { capturedChanges, moved, withinLimits } from '#ledger/movements.ts'
import type { LedgerDecision, LedgerRejection } from '#ledger/rejections.ts'
import { accept, reject } from '#values/decision.ts'
import type { Timestamp } from '#values/timestamps.ts'

const schema = z.strictObject({
  holdId: revisionId,
  amounts: amounts.optional(),
  final: z.boolean().optional(),
  effectiveAt: timestamp.optional(),
  ...particulars,
})

type Input = z.infer<typeof schema>

/** Books a part of a hold, or what remains of it; the rest is released with the last capture. */
export const captureHold: Command<Input> = {
  name: 'CaptureHold',
  schema,
  pathIds: ['holdId'],
  decide: (ledger, input, { now }) =>
    withOpenHold(ledger, { holdId: input.holdId, now }, (hold) => {
      const effectiveAt = input.effectiveAt ?? now
      const taken = (input.amounts ?? hold.postings.map(remaining)).map(BigInt)
      return (
        effectiveByNow(effectiveAt, now) ??
        withinHold(hold, taken) ??
        mayMove(
          ledger,
          hold.postings.filter((_, index) => taken[index] !== 0n),
        ) ??
        referenceFree(ledger, input.externalReference) ??
        capture(ledger, { hold, taken, input, effectiveAt })
      )
    }),
}

function withinHold(hold: Hold, taken: readonly bigint[]): LedgerRejection | undefined {
  if (taken.length !== hold.postings.length)
    return reject('amounts-mismatch', `hold ${hold.holdId} has ${hold.postings.length} postings`, {
      holdId: hold.holdId,
      postings: hold.postings.length,
    })
  for (const [index, posting] of hold.postings.entries()) {
    const left = remaining(posting)
    if ((taken[index] ?? 0n) > left)
      return reject(
        'capture-exceeds-hold',
        `posting ${index} of hold ${hold.holdId} has ${left} ${posting.asset} left`,
        { holdId: hold.holdId, index, remaining: left.toString(), amount: String(taken[index]) },
      )
  }
  return undefined
}

type Capture = {
  readonly hold: Hold
  readonly taken: readonly bigint[]
  readonly input: Input
  readonly effectiveAt: Timestamp
}

function capture(ledger: Ledger, { hold, taken, input, effectiveAt }: Capture): LedgerDecision {
  const left = hold.postings.map((posting, index) => remaining(posting) - (taken[index] ?? 0n))
  const final = input.final === true || left.every((rest) => rest === 0n)
  const released = left.map((rest) => (final ? rest : 0n))
  const movements = moved(ledger, capturedChanges(hold, taken, released))
  return (
    withinLimits(movements) ??
    accept({
      type: 'HoldCaptured',
      data: {
        amounts: taken.map(String),
        ...actOnHold(hold, movements),
        effectiveAt,
        final,
        ...particularsOf(input),
        postings: capturedPostings(hold, taken),
        released: released.map(String),
        remaining: left.map((rest) => (final ? '0' : rest.toString())),
      },
    })
  )
}

function capturedPostings(hold: Hold, taken: readonly bigint[]): HoldCaptured['data']['postings'] {
  return hold.postings.flatMap(({ asset, credit, debit }, source) => {
    const amount = taken[source] ?? 0n
    return amount === 0n ? [] : [{ amount: amount.toString(), asset, credit, debit, source }]
  })
}
