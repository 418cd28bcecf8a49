import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import type { Round } from '#commands/handler/round.ts'
import type { Ledger } from '#ledger/ledger.ts'

/** Something to try out or look up in the books between two rounds. */
export type Rehearsal = {
  /** Revisions of the earlier events that it will ask for. */
  readonly looksAt: readonly bigint[]
  /** Of what is about to be done, and may be under way already. */
  readonly keys: readonly string[]
  refuse(refusal: RefusedOutcome): void
} /** Done at once, or where it takes several turns of the event loop, once it resolves. */ & (
  | { readonly kind: 'try'; run(round: Round, ledger: Ledger): Promise<void> | undefined }
  /** What the books say of themselves, whatever the time. */
  | { readonly kind: 'look-up'; run(ledger: Ledger): void }
)

/** Runs it on the books, which are afterwards as they were. */
export async function runRehearsal(
  rehearsal: Rehearsal,
  round: Round,
  ledger: Ledger,
): Promise<void> {
  if (rehearsal.kind === 'look-up') rehearsal.run(ledger)
  else await round.rehearse(() => rehearsal.run(round, ledger))
}

/** The same where there is no time to decide at. */
export function runWithoutTime(
  rehearsal: Rehearsal,
  ledger: Ledger,
  refusal: RefusedOutcome,
): void {
  if (rehearsal.kind === 'look-up') rehearsal.run(ledger)
  else rehearsal.refuse(refusal)
}
