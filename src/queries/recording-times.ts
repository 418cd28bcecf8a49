import { commands } from '#projections/commands.ts'
import { beforeAllTimes } from '#queries/account-history.ts'
import type { LedgerMoment } from '#queries/ledger-moment.ts'
import { findIn, getFrom } from '#queries/reading.ts'

/**
 * The first revision recorded at or after a time; one beyond the last where there is none. Times never go back and
 * nearly every revision has its command, so halving the log finds it without an index on time. Wants the model `commands`.
 */
export async function firstRecordedFrom(moment: LedgerMoment, time: string): Promise<bigint> {
  let [low, high] = [0n, moment.revision + 1n]
  while (low < high) {
    const middle = (low + high) / 2n
    if ((await recordedAt(moment, middle)) < time) low = middle + 1n
    else high = middle
  }
  return low
}

/** What was skipped in the model counts as recorded with what came before it. */
async function recordedAt({ view }: LedgerMoment, revision: bigint): Promise<string> {
  const command = await getFrom(view, commands, revision.toString())
  if (command !== undefined) return command.document.recordedAt
  const [before] = await findIn(view, commands, {
    where: [{ field: 'revision', upTo: revision.toString() }],
    orderBy: ['revision'],
    descending: true,
    limit: 1,
  })
  return before?.document.recordedAt ?? beforeAllTimes
}
