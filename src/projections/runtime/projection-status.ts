import type { Checkpoint, ModelBuild } from '#ports/read-models.ts'
import type { LedgerId, RevisionId } from '#values/ids.ts'
import { epochMsOf, type Timestamp } from '#values/timestamps.ts'

/** The projection resource: how far a read model is behind the log. */
export type ProjectionStatus = {
  readonly name: string
  readonly version: number
  /** The one that queries read; null where nothing serves yet. */
  readonly build: number | null
  /** `rebuilding` where nothing serves: queries wait until it is built. */
  readonly status: 'live' | 'rebuilding' | 'parked'
  readonly lagEvents: number
  readonly lagSeconds: number
  readonly parkedLedgers: readonly ParkedLedger[]
  /** Events that it went past because somebody said so; of the version that is told of, the last that was skipped first. */
  readonly skippedEvents: readonly SkippedEvent[]
  /** The build that is being made beside it, or instead of it. */
  readonly building: BuildProgress | null
}

export type ParkedLedger = {
  readonly ledgerId: LedgerId
  readonly revision: RevisionId
  readonly reason: string
}

export type SkippedEvent = {
  readonly ledgerId: LedgerId
  readonly revision: RevisionId
  readonly actor: string
  readonly reason: string
  readonly recordedAt: Timestamp
}

/** How far a build has come, in events of all ledgers. */
export type BuildProgress = {
  readonly version: number
  readonly build: number
  readonly appliedEvents: number
  readonly totalEvents: number
  /** They keep it from serving where what serves has taken in more of them. */
  readonly parkedLedgers: readonly ParkedLedger[]
}

/**
 * Where a ledger's log ends. `waitingSince` is the `recordedAt` of the first event that the model lacks, where the
 * caller knows it; without it the last event applied stands in, which makes the lag at most too long.
 */
export type LedgerHead = { readonly revision: bigint; readonly waitingSince?: Timestamp }

/** What the status of one read model is made from. Without a build nothing serves, and the checkpoints are of what is built. */
export type StatusInput = {
  readonly model: Pick<ModelBuild, 'name' | 'version' | 'build'>
  readonly checkpoints: ReadonlyMap<LedgerId, Checkpoint>
  readonly heads: ReadonlyMap<LedgerId, LedgerHead>
  readonly nowMs: number
  readonly skippedEvents?: readonly SkippedEvent[]
  readonly building?: BuildInput
}

export type BuildInput = {
  readonly version: number
  readonly build: number
  readonly checkpoints: ReadonlyMap<LedgerId, Checkpoint>
}

/** Parked ledgers that are listed of one read model where the list must not grow with the number of ledgers. */
const parkedListedMax = 100

/** Skipped events that are listed of one read model where the list must not grow with each that people skip. */
export const skippedListedMax = 100

/** `parkedCount` counts also the parked ledgers that are not listed. */
type Parked = {
  readonly parkedCount: number
  readonly parkedLedgers: readonly ParkedLedger[]
}

/** A status of bounded length. `skippedCount` counts also the skipped events that are not listed. */
export type BoundedStatus = ProjectionStatus &
  Parked & {
    readonly skippedCount: number
    readonly building: (BuildProgress & Parked) | null
  }

export function boundedStatus(status: ProjectionStatus): BoundedStatus {
  return {
    ...status,
    ...boundedParked(status),
    skippedCount: status.skippedEvents.length,
    skippedEvents: status.skippedEvents.slice(0, skippedListedMax),
    building: status.building && { ...status.building, ...boundedParked(status.building) },
  }
}

function boundedParked({ parkedLedgers }: Pick<ProjectionStatus, 'parkedLedgers'>): Parked {
  return {
    parkedCount: parkedLedgers.length,
    parkedLedgers: parkedLedgers.slice(0, parkedListedMax),
  }
}

/** The lag in events is that of all ledgers together; in seconds, that of the one which has waited longest. */
export function projectionStatus(input: StatusInput): ProjectionStatus {
  const { checkpoints, heads } = input
  const lags = [...heads].map(([ledgerId, head]) =>
    ledgerLag(head, checkpoints.get(ledgerId), input.nowMs),
  )
  const parkedLedgers = parkedIn(checkpoints)
  return {
    name: input.model.name,
    version: input.model.version,
    build: input.model.build ?? null,
    status: statusOf(parkedLedgers.length > 0, input.model.build === undefined),
    lagEvents: lags.reduce((sum, { events }) => sum + events, 0),
    lagSeconds: lags.reduce((longest, { seconds }) => Math.max(longest, seconds), 0),
    parkedLedgers,
    skippedEvents: input.skippedEvents ?? [],
    building: input.building === undefined ? null : progressOf(input.building, heads),
  }
}

/** The ledgers that stand still, where, and why. */
export function parkedIn(checkpoints: StatusInput['checkpoints']): readonly ParkedLedger[] {
  return [...checkpoints].flatMap(([ledgerId, { parked }]) =>
    parked === undefined
      ? []
      : [{ ledgerId, revision: parked.revision.toString(), reason: parked.reason }],
  )
}

function progressOf(
  { version, build, checkpoints }: BuildInput,
  heads: StatusInput['heads'],
): BuildProgress {
  let [appliedEvents, totalEvents] = [0, 0]
  for (const [ledgerId, { revision }] of heads) {
    totalEvents += Number(revision + 1n)
    appliedEvents += Number((checkpoints.get(ledgerId)?.revision ?? -1n) + 1n)
  }
  const parkedLedgers = parkedIn(checkpoints)
  appliedEvents = Math.min(appliedEvents, totalEvents)
  return { version, build, appliedEvents, totalEvents, parkedLedgers }
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
