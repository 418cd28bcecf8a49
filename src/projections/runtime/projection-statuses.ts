import { ledgerOfStream, ledgerStream } from '#events/stream-names.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { ReadModels } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import {
  type LedgerHead,
  type ProjectionStatus,
  projectionStatus,
} from '#projections/runtime/projection-status.ts'
import type { LedgerId } from '#values/ids.ts'

const newEventsLooked = 1_000

/** Where the figures come from; `feedPosition` is how far the projector has read the log, where it follows the log itself. */
export type StatusesParts = {
  readonly projections: readonly Projection[]
  readonly readModels: Pick<ReadModels, 'checkpoints'>
  readonly store: Pick<EventStore, 'head' | 'readAll'>
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
  const heads = new Map<LedgerId, LedgerHead>()
  for (const ledgerId of ledgerIds) {
    const head = await headOf(parts, ledgerId)
    if (head !== undefined) heads.set(ledgerId, head)
  }
  return all.map(({ model, checkpoints }) => projectionStatus({ model, checkpoints, heads, nowMs }))
}

async function newLedgers({ store, feedPosition }: StatusesParts): Promise<readonly LedgerId[]> {
  const page = await store.readAll(await feedPosition(), newEventsLooked)
  return page.flatMap(({ stream }) => ledgerOfStream(stream) ?? [])
}

async function headOf(
  { store }: StatusesParts,
  ledgerId: LedgerId,
): Promise<LedgerHead | undefined> {
  const revision = await store.head(ledgerStream(ledgerId))
  return revision === 'no-stream' ? undefined : { revision }
}
