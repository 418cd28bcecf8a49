import type { Db } from 'mongodb'
import { setDropped } from '#adapters/mongodb/builds.ts'
import { dropCheckpoints, prepareCheckpoints } from '#adapters/mongodb/checkpoints.ts'
import { collectionOf, indexesToMake } from '#adapters/mongodb/collections.ts'
import { isDuplicate } from '#adapters/mongodb/errors.ts'
import type { BuiltModel } from '#ports/read-models.ts'

/** What the documents of a collection were made with. */
type ModelRow = { readonly _id: string; readonly fields: string }

/**
 * Makes what a model needs where it is not there yet; any number may do so at once. MongoDB makes a collection with its first
 * index, and leaves an index alone that is there. @throws where the model was made with other fields.
 */
export async function prepareModel(database: Db, model: BuiltModel): Promise<void> {
  await assertFields(database, model)
  await prepareCheckpoints(database)
  const indexes = indexesToMake(model)
  if (indexes.length > 0) await database.collection(collectionOf(model)).createIndexes(indexes)
}

/** A model whose fields changed under the same version would be half old: that is a bug of its projection. */
async function assertFields(database: Db, model: BuiltModel): Promise<void> {
  const declared = Object.entries(model.fields).map(([field, type]) => `${field} ${type}`)
  const row = { _id: collectionOf(model), fields: declared.join() }
  if ((await storedFields(database, row)) !== row.fields)
    throw new Error(
      `${model.name} v${model.version} was made with other fields: count its version up`,
    )
}

/** Those of the one who was first. */
async function storedFields(database: Db, row: ModelRow): Promise<string | undefined> {
  const models = database.collection<ModelRow>('models')
  try {
    const stored = await models.findOne({ _id: { $eq: row._id } })
    if (stored === null) await models.insertOne(row)
    return stored?.fields ?? row.fields
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return (await models.findOne({ _id: { $eq: row._id } }))?.fields
  }
}

/** Takes a build away that does not serve. The server drops a collection at once, whatever is in it. */
export async function dropModel(database: Db, model: BuiltModel): Promise<void> {
  if (!(await setDropped(database, model, 'dropping'))) return
  await database.collection(collectionOf(model)).drop()
  await dropCheckpoints(database, model)
  await setDropped(database, model, 'dropped')
}
