import {
  type AnyBulkWriteOperation,
  type Collection,
  type Db,
  type IndexDescription,
  MongoBulkWriteError,
} from 'mongodb'
import { isDuplicate } from '#adapters/mongodb/errors.ts'
import { documentsOf } from '#adapters/mongodb/find.ts'
import { checkpointFields, checkpointOf, type CheckpointRow } from '#adapters/mongodb/rows.ts'
import type { BuiltModel, Checkpoint, ModelChange, Parked } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

type Model = Pick<BuiltModel, 'name' | 'version' | 'build'>

/** A change of a certain build. */
export type BuildChange = ModelChange & { readonly model: BuiltModel }

export const checkpointsCollection = 'checkpoints'

/** Where the ledgers of all models have come to. The documents are believed: nothing else writes here. */
function checkpoints(database: Db): Collection<CheckpointRow> {
  return database.collection<CheckpointRow>(checkpointsCollection)
}

function keyOf({ name, version, build }: Model, ledgerId: LedgerId): string {
  const key = `${ledgerId}/${name}@${version}`
  return build === 1 ? key : `${key}.${build}`
}

/** Rows of first builds say nothing of builds: there were none when the first of them were written. */
function ofModel({ name, version, build }: Model) {
  const isBuild = build === 1 ? { $exists: false } : { $eq: build }
  return { model: { $eq: name }, version: { $eq: version }, build: isBuild }
}

const isParked = { parked: { $exists: true } } as const

const ofAModel = { model: 1, version: 1 } as const

/** The indexes that list a model's, and those of them that are parked. */
export const checkpointIndexes: readonly IndexDescription[] = [
  { name: 'by_model_version', key: ofAModel },
  {
    name: 'parked_by_model_version',
    key: { ...ofAModel, 'parked.revision': 1 },
    partialFilterExpression: isParked,
  },
]

export async function prepareCheckpoints(database: Db): Promise<void> {
  await checkpoints(database).createIndexes([...checkpointIndexes])
}

export async function readCheckpoint(
  database: Db,
  model: Model,
  ledgerId: LedgerId,
): Promise<Checkpoint | undefined> {
  const row = await checkpoints(database).findOne({ _id: { $eq: keyOf(model, ledgerId) } })
  return row === null ? undefined : checkpointOf(row)
}

/** Every ledger's checkpoint in one model. */
export async function checkpointsOfModel(
  database: Db,
  model: Model,
): Promise<ReadonlyMap<LedgerId, Checkpoint>> {
  const rows = await checkpoints(database).find(ofModel(model)).toArray()
  return new Map(rows.map((row) => [row.ledgerId, checkpointOf(row)]))
}

/** The ledgers that stand still in one model. */
export async function parkedInModel(database: Db, model: Model): Promise<readonly LedgerId[]> {
  const filter = { ...ofModel(model), ...isParked }
  const rows = await checkpoints(database).find(filter).toArray()
  return rows.map(({ ledgerId }) => ledgerId)
}

/** Of these ledgers those that stand still in one model. */
export async function parkedAmong(
  database: Db,
  model: Model,
  among: readonly LedgerId[],
): Promise<ReadonlyMap<LedgerId, Parked>> {
  const keys = among.map((ledgerId) => keyOf(model, ledgerId))
  const rows = await checkpoints(database)
    .find({ _id: { $in: keys } }, { batchSize: keys.length + 1 })
    .toArray()
  const parked = new Map<LedgerId, Parked>()
  for (const row of rows) {
    const checkpoint = checkpointOf(row)
    if (checkpoint.parked !== undefined) parked.set(row.ledgerId, checkpoint.parked)
  }
  return parked
}

/** One ledger's checkpoints in all models, read in one go: what a view of the ledger stands on. */
export async function checkpointsOfLedger(
  database: Db,
  ledgerId: LedgerId,
): Promise<(model: Model) => Checkpoint | undefined> {
  const rows = await checkpoints(database).find(documentsOf(ledgerId)).toArray()
  const byKey = new Map(rows.map((row) => [row._id, checkpointOf(row)]))
  return (model) => byKey.get(keyOf(model, ledgerId))
}

/** Takes away the checkpoints of a build. */
export async function dropCheckpoints(database: Db, model: Model): Promise<void> {
  await checkpoints(database).deleteMany(ofModel(model))
}

/** Whether every checkpoint is where its change expects it. */
export async function areExpected(database: Db, changes: readonly BuildChange[]): Promise<boolean> {
  const keys = changes.map(({ model, ledgerId }) => keyOf(model, ledgerId))
  const rows = await checkpoints(database)
    .find({ _id: { $in: keys } }, { batchSize: keys.length + 1 })
    .toArray()
  const stored = new Map(rows.map(({ _id, revision }) => [_id, revision]))
  return changes.every(({ expected }, at) => stored.get(keys[at] ?? '') === expected)
}

/** Moves the checkpoints that still are where they are expected; false where not all were. */
export async function moveCheckpoints(
  database: Db,
  changes: readonly BuildChange[],
): Promise<boolean> {
  const moves = changes.map(moveOf)
  const replaced = changes.filter(({ expected }) => expected !== undefined).length
  try {
    const { matchedCount } = await checkpoints(database).bulkWrite(moves, { ordered: false })
    return matchedCount === replaced
  } catch (error) {
    if (error instanceof MongoBulkWriteError && isDuplicate(error)) return false
    throw error
  }
}

function moveOf({
  model,
  ledgerId,
  expected,
  checkpoint,
}: BuildChange): AnyBulkWriteOperation<CheckpointRow> {
  const _id = keyOf(model, ledgerId)
  const { name, version, build } = model
  const key = { model: name, version, ...(build !== 1 && { build }) }
  const row = { _id, ledgerId, ...key, ...checkpointFields(checkpoint) }
  if (expected === undefined) return { insertOne: { document: row } }
  const filter = { _id: { $eq: _id }, revision: { $eq: expected } }
  return { replaceOne: { filter, replacement: row } }
}
