import { damageOf } from '#events/damage.ts'
import { decodeEvent } from '#events/decode.ts'
import { UndecodableEvent } from '#events/lift.ts'
import { ledgerOfStream, ledgerStream } from '#events/stream-names.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import type { Checkpoint, ReadModels } from '#ports/read-models.ts'
import { systemPace } from '#ports/pace.ts'
import type { Projection } from '#projections/projection.ts'
import { readActLog } from '#projections/runtime/act-log.ts'
import type { RecordedAct } from '#projections/runtime/acts.ts'
import { eachBounded } from '#projections/runtime/each-bounded.ts'
import { buildsUnderWay, type IsBuilding } from '#projections/runtime/left-builds.ts'
import { servingModel } from '#projections/runtime/live-models.ts'
import {
  type LedgerHead,
  type ProjectionStatus,
  projectionStatus,
  type SkippedEvent,
  type StatusInput,
} from '#projections/runtime/projection-status.ts'
import type { LedgerId } from '#values/ids.ts'
import type { Timestamp } from '#values/timestamps.ts'

const newEventsLooked = 1_000
const concurrentReads = 32
/** Ledgers looked at between two turns of the event loop: a store may read on this very thread. */
const ledgersPerTurn = 256
const streamsAtOnce = 1_000

/** Where the figures come from; `feedPosition` is how far the projector has read the log, where it follows the log itself. */
export type StatusesParts = {
  readonly projections: readonly Projection[]
  readonly readModels: Pick<ReadModels, 'builds' | 'checkpoints'>
  readonly store: Pick<EventStore, 'head' | 'readAll' | 'readStream' | 'streams' | 'end'>
  readonly feedPosition: () => Promise<bigint | undefined>
  readonly isBuilding: IsBuilding
  readonly nowMs: number
}

/**
 * Every read model's lag, over all ledgers that any model knows or that the log has just begun. That may be many: the event
 * loop has its turns between the checkpoints of two models, and while the ends of the ledgers are looked at.
 */
export async function projectionStatuses(
  parts: StatusesParts,
): Promise<readonly ProjectionStatus[]> {
  const { projections, store, nowMs } = parts
  const all = await eachInTurn(projections, (projection) => buildsOf(parts, projection))
  const skips = (await readActLog(store)).skips.toReversed()
  const ledgerIds = new Set(all.flatMap(({ checkpoints }) => [...checkpoints.keys()]))
  for (const ledgerId of await newLedgers(parts)) ledgerIds.add(ledgerId)
  const heads = await headsOf(parts, [...ledgerIds], (ledgerId) =>
    least(all.map(({ checkpoints }) => checkpoints.get(ledgerId)?.revision ?? -1n)),
  )
  return eachInTurn(all, async (built) => {
    const skippedEvents = skips.flatMap((skip) => skippedIn(built.model, skip))
    return projectionStatus({ ...built, heads, nowMs, skippedEvents })
  })
}

/** Does the work on one item after the other, and lets others have their turn after each. */
async function eachInTurn<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const item of items) {
    results.push(await work(item))
    await systemPace.turn()
  }
  return results
}

/** Where the log of each ledger ends; without those that have none. */
async function headsOf(
  parts: StatusesParts,
  ledgerIds: readonly LedgerId[],
  appliedOf: (ledgerId: LedgerId) => bigint,
): Promise<ReadonlyMap<LedgerId, LedgerHead>> {
  const heads = new Map<LedgerId, LedgerHead>()
  for (let start = 0; start < ledgerIds.length; start += ledgersPerTurn) {
    const slice = ledgerIds.slice(start, start + ledgersPerTurn)
    await eachBounded(slice, concurrentReads, async (ledgerId) => {
      const head = await headOf(parts, ledgerId, appliedOf(ledgerId))
      if (head !== undefined) heads.set(ledgerId, head)
    })
    await systemPace.turn()
  }
  return heads
}

/** What serves of a projection, and what is built. */
async function buildsOf(
  parts: StatusesParts,
  projection: Projection,
): Promise<Pick<StatusInput, 'model' | 'checkpoints' | 'building'>> {
  const { readModels } = parts
  const serving = await servingModel(readModels, projection)
  const last = (await buildsUnderWay(parts, projection)).at(-1)
  if (last === undefined) {
    const checkpoints = serving === undefined ? none : await readModels.checkpoints(serving)
    return { model: serving ?? projection, checkpoints }
  }
  const { version, build } = last
  const made = await readModels.checkpoints(last)
  const checkpoints = serving === undefined ? made : await readModels.checkpoints(serving)
  return {
    model: serving ?? projection,
    checkpoints,
    building: { version, build, checkpoints: made },
  }
}

const none: ReadonlyMap<LedgerId, Checkpoint> = new Map()

function skippedIn(
  { name, version }: StatusInput['model'],
  { projection, version: acted, ledgerId, revision, ...said }: RecordedAct,
): readonly SkippedEvent[] {
  if (projection !== name || acted !== version) return []
  const { actor, reason, recordedAt } = said
  return [{ ledgerId, revision: revision.toString(), actor, reason, recordedAt }]
}

function least(revisions: readonly bigint[]): bigint {
  return revisions.reduce((min, revision) => (revision < min ? revision : min))
}

/** The ledgers of what no model may have yet: of the events that come next, or where these are not all, of the whole log. */
async function newLedgers({ store, feedPosition }: StatusesParts): Promise<readonly LedgerId[]> {
  const page = await store.readAll(await feedPosition(), newEventsLooked)
  const last = page.at(-1)
  const isAll = last === undefined || (await store.end()) === last.position
  const streams = isAll ? [] : await allStreams(store)
  return [...page.map(({ stream }) => stream), ...streams].flatMap(
    (stream) => ledgerOfStream(stream) ?? [],
  )
}

/** The names of all streams; none where the store can't tell. */
export async function allStreams(store: Pick<EventStore, 'streams'>): Promise<readonly string[]> {
  const all: string[] = []
  for (;;) {
    const page = (await store.streams?.(all.at(-1), streamsAtOnce)) ?? []
    if (page.length === 0) return all
    all.push(...page)
    await systemPace.turn()
  }
}

/** Where the log of a ledger ends, and since when the model that is furthest behind has waited. */
async function headOf(
  { store }: StatusesParts,
  ledgerId: LedgerId,
  applied: bigint,
): Promise<LedgerHead | undefined> {
  const stream = ledgerStream(ledgerId)
  const revision = await store.head(stream)
  if (revision === 'no-stream') return undefined
  if (applied >= revision) return { revision }
  const [next] = await store.readStream(stream, applied + 1n, 1)
  const waitingSince = next && recordedAtOf(next)
  return waitingSince === undefined ? { revision } : { revision, waitingSince }
}

/** An event that is damaged or can't be read is why a ledger is parked: its lag is told without it. */
function recordedAtOf(event: StoredEvent): Timestamp | undefined {
  if (damageOf(event) !== undefined) return undefined
  try {
    return decodeEvent(event.json).recordedAt
  } catch (error) {
    if (error instanceof UndecodableEvent) return undefined
    throw error
  }
}
