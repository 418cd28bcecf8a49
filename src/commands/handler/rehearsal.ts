import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import type { Round } from '#commands/handler/round.ts'
import type { Ledger } from '#ledger/ledger.ts'

/** Something to try out or look up in the books between two rounds. */
export type Rehearsal = {
  /** Revisions of the earlier events that it will ask for. */
  readonly looksAt: readonly bigint[]
  run(round: Round, ledger: Ledger): void
  refuse(refusal: RefusedOutcome): void
}
