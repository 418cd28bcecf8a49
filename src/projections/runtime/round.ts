import type { Logger } from '#ports/logger.ts'
import type { Checkpoint, ModelBuild, ModelChange, ReadModelWriter } from '#ports/read-models.ts'
import { DocumentTooLarge, DocumentUnfit } from '#ports/refused-documents.ts'
import type { Skips } from '#projections/runtime/act-log.ts'
import type { CheckpointCache } from '#projections/runtime/checkpoint-cache.ts'
import { commitsOf } from '#projections/runtime/commits.ts'
import type { Counters } from '#projections/runtime/counters.ts'
import type { Delivery } from '#projections/runtime/deliveries.ts'
import { eachBounded } from '#projections/runtime/each-bounded.ts'
import { type FoldTask, foldTask, neverBegun } from '#projections/runtime/fold.ts'
import type { ProjectorLimits } from '#projections/runtime/limits.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { CheckpointsMoved } from '#projections/runtime/retrying.ts'
import { nextRun, type Run, type RunSource } from '#projections/runtime/runs.ts'
import type { LedgerId } from '#values/ids.ts'

export type RoundParts = {
  readonly projections: readonly LiveModel[]
  readonly skips: Skips
  readonly writer: Pick<ReadModelWriter, 'load' | 'commit'>
  readonly store: RunSource['store']
  readonly logger: Logger
  readonly limits: ProjectorLimits
  readonly cache: CheckpointCache
  readonly counters: Counters
  /** Of which ledgers in which builds a document was refused: their events are folded with care. */
  readonly careful: Set<string>
}

/**
 * Takes the next run of events of each ledger through all projections that lack it, and stores what changed.
 * Resolves to the deliveries of which something may be left; none when all is stored or waits behind a poison event.
 * @throws {CheckpointsMoved} when another projector was first.
 */
export async function applyRound(
  parts: RoundParts,
  deliveries: readonly Delivery[],
  attempt: number,
): Promise<readonly Delivery[]> {
  const { cache, limits, store, writer } = parts
  await cache.ensure(deliveries.map(({ ledgerId }) => ledgerId))
  const open = deliveries.flatMap((delivery) => {
    const from = nextRevision(parts, delivery.ledgerId)
    return from !== undefined && from <= delivery.upTo ? [{ delivery, from }] : []
  })
  const runs = await eachBounded(open, limits.concurrentReads, ({ delivery, from }) =>
    nextRun(delivery, from, { store, limits, attempt }),
  )
  const tasks = runs.flatMap((run) => tasksOf(parts, run))
  const changes = await eachBounded(tasks, limits.concurrentReads, (task) =>
    foldTask(task, writer, limits.commitDocuments),
  )
  try {
    for (const commit of commitsOf(changes, limits.commitDocuments))
      await commitChanges(parts, commit)
    for (const { projection, ledgerId } of tasks)
      parts.careful.delete(placeOf(projection, ledgerId))
  } catch (error) {
    if (!(error instanceof DocumentUnfit)) throw error
    parts.careful.add(placeOf(error.model, error.ledgerId))
  }
  countHealed(parts, tasks)
  return open.map(({ delivery }) => delivery)
}

function placeOf({ name, version, build }: ModelBuild, ledgerId: LedgerId): string {
  return `${name} ${version} ${build} ${ledgerId}`
}

/** The first revision that a projection lacks and doesn't wait before; undefined where all wait. */
export function nextRevision(
  { projections, cache }: Pick<RoundParts, 'projections' | 'cache'>,
  ledgerId: LedgerId,
): bigint | undefined {
  let next: bigint | undefined
  for (const projection of projections) {
    if (cache.isWaiting(projection, ledgerId)) continue
    const own = appliedOf(cache.checkpoint(projection, ledgerId)) + 1n
    if (next === undefined || own < next) next = own
  }
  return next
}

type RunTask = FoldTask & { readonly run: Run }

function tasksOf({ projections, cache, skips, careful }: RoundParts, run: Run): readonly RunTask[] {
  const { ledgerId } = run.delivery
  const first = run.readings[0]?.revision ?? 0n
  return projections.flatMap((projection) => {
    const checkpoint = cache.checkpoint(projection, ledgerId)
    const readings = run.readings.slice(Number(appliedOf(checkpoint) + 1n - first))
    const idle = readings.length === 0 || cache.isWaiting(projection, ledgerId)
    const isCareful = careful.size > 0 && careful.has(placeOf(projection, ledgerId))
    return idle ? [] : [{ projection, ledgerId, checkpoint, readings, run, skips, isCareful }]
  })
}

async function commitChanges(parts: RoundParts, given: readonly ModelChange[]): Promise<void> {
  const { cache, counters } = parts
  const changes = await storedChanges(parts, given)
  for (const change of changes) {
    logParking(parts, change)
    cache.moved(change.model, change.ledgerId, change.checkpoint)
    counters.stored(change.model, change.expected, change.checkpoint)
  }
}

/**
 * The changes as they were stored: where a document is too large, its ledger is parked before the run in its place.
 * @throws {DocumentUnfit} where it has yet to be seen by which event a document came to be so.
 */
async function storedChanges(
  parts: RoundParts,
  changes: readonly ModelChange[],
): Promise<readonly ModelChange[]> {
  try {
    if (await parts.writer.commit(changes)) return changes
  } catch (error) {
    if (!mayParkWhole(parts, error)) throw error
    const isOf = ({ model, ledgerId }: ModelChange) =>
      isSame(model, error.model) && ledgerId === error.ledgerId
    const parked = changes.map((each) => (isOf(each) ? parkedInstead(parts, each, error) : each))
    return storedChanges(parts, parked)
  }
  throw new CheckpointsMoved('another projector moved a checkpoint')
}

function mayParkWhole(
  { careful }: RoundParts,
  error: unknown,
): error is DocumentTooLarge | DocumentUnfit {
  if (error instanceof DocumentTooLarge) return true
  return error instanceof DocumentUnfit && careful.has(placeOf(error.model, error.ledgerId))
}

function isSame(model: ModelBuild, other: ModelBuild): boolean {
  return model.name === other.name && model.version === other.version && model.build === other.build
}

function parkedInstead(
  { cache }: RoundParts,
  change: ModelChange,
  { message }: Error,
): ModelChange {
  const { revision, recordedAt } = cache.checkpoint(change.model, change.ledgerId) ?? neverBegun
  const parked = { revision: revision + 1n, reason: message }
  return { ...change, documents: [], checkpoint: { revision, recordedAt, parked } }
}

function logParking({ cache, logger }: RoundParts, change: ModelChange): void {
  const { model, ledgerId, checkpoint } = change
  const fields = { projection: model.name, version: model.version, ledgerId }
  const before = cache.checkpoint(model, ledgerId)?.parked
  if (checkpoint.parked !== undefined)
    logger.error({ ...fields, ...checkpoint.parked }, 'ledger parked')
  else if (before !== undefined) logger.info(fields, 'ledger no longer parked')
}

function countHealed({ cache, counters }: RoundParts, tasks: readonly RunTask[]): void {
  for (const { projection, ledgerId, checkpoint, run } of tasks) {
    const last = run.readings.at(-1)?.revision ?? -1n
    const through = appliedOf(cache.checkpoint(projection, ledgerId)) >= last
    if (run.closesGap && through && checkpoint?.parked === undefined) counters.healed(projection)
  }
}

function appliedOf(checkpoint: Checkpoint | undefined): bigint {
  return checkpoint?.revision ?? -1n
}
