import { type AnyBulkWriteOperation, type Collection, type Db, MongoBulkWriteError } from 'mongodb'
import { isDuplicate } from '#adapters/mongodb/errors.ts'
import { documentsOf } from '#adapters/mongodb/find.ts'
import { checkpointFields, checkpointOf, type CheckpointRow } from '#adapters/mongodb/rows.ts'
import type { Checkpoint, ModelChange, ReadModelShape } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

type Model = Pick<ReadModelShape, 'name' | 'version'>

/** Where the ledgers of all models have come to. The documents are believed: nothing else writes here. */
function checkpoints(database: Db): Collection<CheckpointRow> {
  return database.collection<CheckpointRow>('checkpoints')
}

function keyOf({ name, version }: Model, ledgerId: LedgerId): string {
  return `${ledgerId}/${name}@${version}`
}

const isParked = { parked: { $exists: true } } as const

/** The indexes that list a model's, and those of them that are parked. */
export async function prepareCheckpoints(database: Db): Promise<void> {
  const key = { model: 1, version: 1 } as const
  await checkpoints(database).createIndexes([
    { name: 'by_model_version', key },
    {
      name: parkedIndex,
      key: { ...key, 'parked.revision': 1 },
      partialFilterExpression: isParked,
    },
  ])
}

const parkedIndex = 'parked_by_model_version'

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
  { name, version }: Model,
): Promise<ReadonlyMap<LedgerId, Checkpoint>> {
  const filter = { model: { $eq: name }, version: { $eq: version } }
  const rows = await checkpoints(database).find(filter).toArray()
  return new Map(rows.map((row) => [row.ledgerId, checkpointOf(row)]))
}

/** The ledgers that stand still in one model. */
export async function parkedInModel(
  database: Db,
  { name, version }: Model,
): Promise<readonly LedgerId[]> {
  const filter = { model: { $eq: name }, version: { $eq: version }, ...isParked }
  const rows = await checkpoints(database).find(filter).toArray()
  return rows.map(({ ledgerId }) => ledgerId)
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

/** Whether every checkpoint is where its change expects it. */
export async function areExpected(database: Db, changes: readonly ModelChange[]): Promise<boolean> {
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
  changes: readonly ModelChange[],
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
}: ModelChange): AnyBulkWriteOperation<CheckpointRow> {
  const _id = keyOf(model, ledgerId)
  const { name, version } = model
  const row = { _id, ledgerId, model: name, version, ...checkpointFields(checkpoint) }
  if (expected === undefined) return { insertOne: { document: row } }
  const filter = { _id: { $eq: _id }, revision: { $eq: expected } }
  return { replaceOne: { filter, replacement: row } }
}
