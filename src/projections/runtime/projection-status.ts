import type { Checkpoint, ReadModelShape } from '#ports/read-models.ts'
import type { LedgerId, RevisionId } from '#values/ids.ts'
import { epochMsOf, type Timestamp } from '#values/timestamps.ts'

/** The projection resource: how far a read model is behind the log. */
export type ProjectionStatus = {
  readonly name: string
  readonly version: number
  readonly status: 'live' | 'rebuilding' | 'parked'
  readonly lagEvents: number
  readonly lagSeconds: number
  readonly parkedLedgers: readonly {
    readonly ledgerId: LedgerId
    readonly revision: RevisionId
    readonly reason: string
  }[]
}

/**
 * Where a ledger's log ends. `waitingSince` is the `recordedAt` of the first event that the model lacks, where the
 * caller knows it; without it the last event applied stands in, which makes the lag at most too long.
 */
export type LedgerHead = { readonly revision: bigint; readonly waitingSince?: Timestamp }

/** What the status of one read model is made from. `rebuilding` is known to who builds it, not to its checkpoints. */
export type StatusInput = {
  readonly model: Pick<ReadModelShape, 'name' | 'version'>
  readonly checkpoints: ReadonlyMap<LedgerId, Checkpoint>
  readonly heads: ReadonlyMap<LedgerId, LedgerHead>
  readonly nowMs: number
  readonly rebuilding?: boolean
}

/** The lag in events is that of all ledgers together; in seconds, that of the one which has waited longest. */
export function projectionStatus(input: StatusInput): ProjectionStatus {
  const { checkpoints, heads } = input
  const lags = [...heads].map(([ledgerId, head]) =>
    ledgerLag(head, checkpoints.get(ledgerId), input.nowMs),
  )
  const parkedLedgers = [...checkpoints].flatMap(([ledgerId, { parked }]) =>
    parked === undefined
      ? []
      : [{ ledgerId, revision: parked.revision.toString(), reason: parked.reason }],
  )
  return {
    name: input.model.name,
    version: input.model.version,
    status: statusOf(parkedLedgers.length > 0, input.rebuilding === true),
    lagEvents: lags.reduce((sum, { events }) => sum + events, 0),
    lagSeconds: lags.reduce((longest, { seconds }) => Math.max(longest, seconds), 0),
    parkedLedgers,
  }
}

function ledgerLag(
  head: LedgerHead,
  checkpoint: Checkpoint | undefined,
  nowMs: number,
): { events: number; seconds: number } {
  const events = Number(head.revision - (checkpoint?.revision ?? -1n))
  if (events <= 0) return { events: 0, seconds: 0 }
  const applied = checkpoint !== undefined && checkpoint.revision >= 0n
  const since = head.waitingSince ?? (applied ? checkpoint.recordedAt : undefined)
  const seconds = since === undefined ? 0 : (nowMs - epochMsOf(since)) / 1000
  return { events, seconds: Math.max(0, seconds) }
}

function statusOf(parked: boolean, rebuilding: boolean): ProjectionStatus['status'] {
  if (parked) return 'parked'
  return rebuilding ? 'rebuilding' : 'live'
}
