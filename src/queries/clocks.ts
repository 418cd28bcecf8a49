import type { LedgerMoment } from '#queries/ledger-moment.ts'
import type { Clocks } from '#queries/parameters.ts'
import type { QueryRefusal } from '#queries/query.ts'
import { firstRecordedFrom } from '#queries/recording-times.ts'
import { projectionBehind } from '#queries/refusals.ts'
import type { Timestamp } from '#values/timestamps.ts'

/** What is asked for: the books as the log had them at `revision` (-1: before everything) and, where given, up to a business time. */
export type AsOf = { readonly revision: bigint; readonly effectiveAt?: Timestamp }

/** Turns both clocks into a revision and a business time. Refuses a revision that is not applied yet. */
export async function asOf(moment: LedgerMoment, clocks: Clocks): Promise<AsOf | QueryRefusal> {
  const revision = await revisionAsked(moment, clocks)
  if (revision > moment.revision) return projectionBehind(revision, moment.revision)
  const { effectiveAt } = clocks
  return effectiveAt === undefined ? { revision } : { revision, effectiveAt }
}

/** Sorts after this time and before every later one: turns an inclusive bound into an exclusive one. */
export function justAfter(time: Timestamp): string {
  return `${time}~`
}

async function revisionAsked(moment: LedgerMoment, clocks: Clocks): Promise<bigint> {
  if (clocks.atRevision !== undefined) return BigInt(clocks.atRevision)
  if (clocks.recordedAt === undefined) return moment.revision
  return (await firstRecordedFrom(moment, justAfter(clocks.recordedAt))) - 1n
}
