import { commands } from '#projections/commands.ts'
import type { LedgerMoment } from '#queries/ledger-moment.ts'
import { getFrom } from '#queries/reading.ts'

/**
 * The first revision recorded at or after a time; one beyond the last where there is none. Times never go back and
 * every revision has its command, so halving the log finds it without an index on time. Wants the model `commands`.
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

async function recordedAt({ view, ledgerId }: LedgerMoment, revision: bigint): Promise<string> {
  const command = await getFrom(view, commands, revision.toString())
  if (command === undefined) throw new Error(`${ledgerId} has no command at revision ${revision}`)
  return command.document.recordedAt
}
