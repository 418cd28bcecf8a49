import type { z } from 'zod'
import type { RecordedEvent } from '#events/envelope.ts'
import type { Ledger } from '#ledger/ledger.ts'
import type { LedgerDecision } from '#ledger/rejections.ts'
import type { Timestamp } from '#values/timestamps.ts'

/**
 * One intention: its name, its shape and its rules. `schema` covers the whole request as a batch item has it: the
 * body and the ids of the path, without `command` and `idempotencyKey`.
 */
export type Command<Input> = {
  readonly name: string
  readonly schema: z.ZodType<Input>
  /** Which members of the request stand in the path of the direct request. */
  readonly pathIds: readonly PathId[]
  /** Revisions of the earlier events that `decide` will ask for. */
  looksAt?(input: Input): readonly bigint[]
  /** The program's own only: it may decide `nothing`, which no append would fence against what others wrote. */
  readonly mayDoNothing?: true
  /** Pure and deterministic: the same ledger, input and context decide the same. */
  decide(ledger: Ledger, input: Input, context: DecisionContext): LedgerDecision
}

export type PathId = 'accountId' | 'transactionId' | 'holdId'

export type DecisionContext = {
  /** When the event will be recorded. */
  readonly now: Timestamp
  /** An earlier event of this ledger; of those that `looksAt` named. */
  readonly eventAt: (revision: bigint) => RecordedEvent | undefined
}
