import { type Job, keyOf } from '#commands/handler/job.ts'
import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import { refuse } from '#commands/handler/refuse-job.ts'
import type { Replays } from '#commands/handler/replay.ts'
import type { Round } from '#commands/handler/round.ts'
import type { Ledger } from '#ledger/ledger.ts'
import { BooksCacheUnavailable } from '#ports/books-cache.ts'

/** What settles a job once its round is stored. */
export type Settle = () => void

/**
 * Decides jobs in order into the round, as far as they fit: one settlement for each of the first ones.
 * @throws {BooksCacheUnavailable} where the books could not be asked; then none of it is to be used.
 */
export function decideJobs(
  round: Round,
  jobs: readonly Job[],
  replays: Replays,
): readonly Settle[] {
  const settlements: Settle[] = []
  for (const job of jobs) {
    const settle = decided(round, job, replays)
    if (settle === undefined) break
    settlements.push(settle)
  }
  return settlements
}

/**
 * Where nothing is decided: the first outcome for jobs whose keys the books have, the refusal for all others.
 * @throws {BooksCacheUnavailable} where the books could not be asked; then none of it is to be used.
 */
export function answerJobs(
  { ledger, replays }: { readonly ledger: Ledger; readonly replays: Replays },
  jobs: readonly Job[],
  refusal: RefusedOutcome,
): readonly Settle[] {
  return jobs.map((job) => {
    const known = ledger.keys.get(keyOf(job))
    return () => (known === undefined ? refuse(job, refusal) : replays.add(job, known))
  })
}

/** How to settle the job once the round is stored; undefined where it must wait for the next round. */
function decided(round: Round, job: Job, replays: Replays): Settle | undefined {
  try {
    const verdict = round.decide(job)
    if (verdict.kind === 'full') return undefined
    if (verdict.kind === 'known') return () => replays.add(job, verdict.revision)
    return () => verdict.settle()
  } catch (error) {
    // The cache says nothing about the job: the books have to be read anew.
    if (error instanceof BooksCacheUnavailable) throw error
    return () => job.settled.reject(error)
  }
}
