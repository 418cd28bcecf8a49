import { placeInLog } from '#compose/projecting.ts'
import type { LogReading } from '#compose/stores.ts'
import type { Config } from '#config.ts'
import { damageOf } from '#events/damage.ts'
import { ledgerStream, projectionsStream } from '#events/stream-names.ts'
import { EventLogDamaged, type StoredEvent } from '#ports/event-store.ts'
import {
  type Checkpoint,
  type ReadModels,
  ReadModelsUnavailable,
  versionsOf,
} from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import { ActLog } from '#projections/runtime/act-log.ts'
import { actsFeed } from '#projections/runtime/keeper.ts'
import { buildsIn, type LiveModel } from '#projections/runtime/live-models.ts'
import { recordedAtIn } from '#projections/runtime/recorded-ms.ts'
import type { LedgerId } from '#values/ids.ts'

type Parts = {
  readonly store: Pick<LogReading, 'readStream' | 'readAll' | 'head'>
  readonly readModels: Pick<ReadModels, 'builds' | 'checkpoints' | 'feedPosition'>
}

/**
 * Where a log that was put back to an older one, or has lost its end, goes on, other events come to revisions that the
 * read models have had, and are passed over. So whoever appends or projects first asks whether every checkpoint is of
 * an event of this log: a read for each ledger, of a log on this machine alone.
 * @throws {ReadModelsUnavailable} saying what the log lacks, and what to do.
 */
export async function requireSameLog(config: Config, parts: Parts): Promise<void> {
  if (config.eventStore.engine !== 'sqlite' || config.feed.engine !== 'log') return
  const lacking =
    (await checkpointLacking(parts)) ??
    (await actLacking(parts)) ??
    (await placeLacking(parts, placeInLog(config)))
  if (lacking === undefined) return
  const anew =
    config.readModels.engine === 'sqlite'
      ? 'delete read-models.db and its companions'
      : 'name a new database in DAYBOOK_READ_MODELS'
  throw new ReadModelsUnavailable(
    `The read models were made from a longer log than this one, or from another: they have ${lacking}, which this log does not hold. If the log was put back on purpose, ${anew} and start again: they are made anew. If not, it has lost events or its index is damaged: keep the folder and restore a backup.`,
  )
}

/** The read models are asked before the log: what they have applied since was stored before. */
async function checkpointLacking({ store, readModels }: Parts): Promise<string | undefined> {
  const acts = new ActLog(store)
  const found = new Set<string>()
  const versions = allProjections.flatMap(versionsOf)
  for (const model of await buildsIn(readModels, versions, ['building', 'serving']))
    for (const [ledgerId, checkpoint] of await readModels.checkpoints(model)) {
      const { revision, recordedAt } = checkpoint
      const place = `${ledgerId} revision ${revision} of ${recordedAt}`
      if (found.has(place)) continue
      if (!(await isInLog(store, acts, { model, ledgerId, checkpoint }))) return `applied ${place}`
      found.add(place)
    }
  return undefined
}

type Applied = {
  readonly model: LiveModel
  readonly ledgerId: LedgerId
  readonly checkpoint: Checkpoint
}

/** An event that a model goes past leaves its checkpoint the time of the one before. */
async function isInLog(
  store: Parts['store'],
  acts: ActLog,
  { model, ledgerId, checkpoint }: Applied,
): Promise<boolean> {
  for (let at = checkpoint.revision; at >= 0n; at -= 1n) {
    const event = await eventAt(store, ledgerStream(ledgerId), at)
    if (event === undefined) return false
    if (event === 'damaged' || recordedAtIn(event.json) === checkpoint.recordedAt) return true
    if (damageOf(event) !== undefined) return true
    await acts.refresh()
    if (!acts.isSkipped(model, ledgerId, at)) return false
  }
  return true
}

/** Damage that shows stops its ledger wherever it is read, and no other: it is no reason to refuse them all. */
async function eventAt(
  store: Parts['store'],
  stream: string,
  revision: bigint,
): Promise<StoredEvent | 'damaged' | undefined> {
  try {
    const [event] = await store.readStream(stream, revision, 1)
    return event === undefined || event.revision === revision ? event : 'damaged'
  } catch (error) {
    if (error instanceof EventLogDamaged) return 'damaged'
    throw error
  }
}

async function actLacking({ store, readModels }: Parts): Promise<string | undefined> {
  const place = await readModels.feedPosition(actsFeed)
  if (place === undefined) return undefined
  const head = await store.head(projectionsStream)
  const isThere = head !== 'no-stream' && place <= head
  return isThere ? undefined : `acted on ${projectionsStream} revision ${place}`
}

/** Tells of what no checkpoint does: the events of ledgers that are parked. */
async function placeLacking({ store, readModels }: Parts, feed: string) {
  const position = await readModels.feedPosition(feed)
  if (position === undefined) return undefined
  const [last] = await store.readAll(position - 1n, 1)
  return last?.position === position ? undefined : `read the event at position ${position}`
}
