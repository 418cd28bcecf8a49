import { decodeEvent } from '#events/decode.ts'
import { UndecodableEvent } from '#events/lift.ts'
import { ledgerOfStream, ledgerStream } from '#events/stream-names.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import type { ReadModels } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import { eachBounded } from '#projections/runtime/each-bounded.ts'
import {
  type LedgerHead,
  type ProjectionStatus,
  projectionStatus,
} from '#projections/runtime/projection-status.ts'
import type { LedgerId } from '#values/ids.ts'
import type { Timestamp } from '#values/timestamps.ts'

const newEventsLooked = 1_000
const concurrentReads = 32

/** Where the figures come from; `feedPosition` is how far the projector has read the log, where it follows the log itself. */
export type StatusesParts = {
  readonly projections: readonly Projection[]
  readonly readModels: Pick<ReadModels, 'checkpoints'>
  readonly store: Pick<EventStore, 'head' | 'readAll' | 'readStream'>
  readonly feedPosition: () => Promise<bigint | undefined>
  readonly nowMs: number
}

/** Every read model's lag, over all ledgers that any model knows or that the log has just begun. */
export async function projectionStatuses(
  parts: StatusesParts,
): Promise<readonly ProjectionStatus[]> {
  const { projections, readModels, nowMs } = parts
  const all = await Promise.all(
    projections.map(async (model) => ({ model, checkpoints: await readModels.checkpoints(model) })),
  )
  const ledgerIds = new Set(all.flatMap(({ checkpoints }) => [...checkpoints.keys()]))
  for (const ledgerId of await newLedgers(parts)) ledgerIds.add(ledgerId)
  const found = await eachBounded([...ledgerIds], concurrentReads, async (ledgerId) => {
    const applied = all.map(({ checkpoints }) => checkpoints.get(ledgerId)?.revision ?? -1n)
    return [ledgerId, await headOf(parts, ledgerId, least(applied))] as const
  })
  const heads = new Map(
    found.flatMap(([ledgerId, head]) => (head === undefined ? [] : [[ledgerId, head]])),
  )
  return all.map(({ model, checkpoints }) => projectionStatus({ model, checkpoints, heads, nowMs }))
}

function least(revisions: readonly bigint[]): bigint {
  return revisions.reduce((min, revision) => (revision < min ? revision : min))
}

async function newLedgers({ store, feedPosition }: StatusesParts): Promise<readonly LedgerId[]> {
  const page = await store.readAll(await feedPosition(), newEventsLooked)
  return page.flatMap(({ stream }) => ledgerOfStream(stream) ?? [])
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

/** An event that can't be read is why a ledger is parked: its lag is told without it. */
function recordedAtOf({ json }: StoredEvent): Timestamp | undefined {
  try {
    return decodeEvent(json).recordedAt
  } catch (error) {
    if (error instanceof UndecodableEvent) return undefined
    throw error
  }
}
