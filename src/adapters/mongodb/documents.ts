import { type Collection, type Db, ReadConcern } from 'mongodb'
import { collectionOf } from '#adapters/mongodb/collections.ts'
import { documentKey, documentOf, type Row } from '#adapters/mongodb/rows.ts'
import type { BuiltModel, StoredDocument } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/**
 * The documents of a model, read as the primary has them. What a checkpoint shows is stored by a majority, and so every
 * primary has it from its first moment on; what it knows of the majority may be older for a while. Reading what is not
 * stored by a majority does no harm: a document at a revision has one content, whoever wrote it and whether it stays.
 */
export function documentsOfModel(database: Db, model: BuiltModel): Collection<Row> {
  return database.collection<Row>(collectionOf(model), { readConcern: new ReadConcern('local') })
}

/** The documents as they are now, those included that a commit that did not finish left: they are folded on. */
export async function loadDocuments(
  database: Db,
  model: BuiltModel,
  { ledgerId, ids }: { readonly ledgerId: LedgerId; readonly ids: readonly string[] },
): Promise<readonly StoredDocument[]> {
  if (ids.length === 0) return []
  const collection = documentsOfModel(database, model)
  const byKey = new Map(ids.map((id) => [documentKey(ledgerId, id), id]))
  const rows = await rowsByKey(collection, [...byKey.keys()])
  return [...byKey].flatMap(([key, id]) => {
    const row = rows.get(key)
    return row === undefined ? [] : [documentOf(model, { ledgerId, id }, row)]
  })
}

/**
 * The ledgers of which there are documents: one search for each. No ledger's id has a slash, and `0` follows it. A key
 * without any comes as it is, after a `#`.
 */
export async function ledgersOfModel(database: Db, model: BuiltModel): Promise<LedgerId[]> {
  const ledgers: LedgerId[] = []
  for (let after = ''; ; ) {
    const filter = { _id: { $gte: after } }
    const row = await documentsOfModel(database, model).findOne(filter, { sort: { _id: 1 } })
    if (row === null) return ledgers
    const length = row._id.indexOf('/')
    ledgers.push(length === -1 ? `#${row._id}` : row._id.slice(0, length))
    after = length === -1 ? `${row._id}\u0000` : `${row._id.slice(0, length)}0`
  }
}

/** Those that are there, by `_id`. */
export async function rowsByKey(
  collection: Collection<Row>,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Row>> {
  const options = { batchSize: keys.length + 1 }
  const rows = await collection.find({ _id: { $in: keys } }, options).toArray()
  return new Map(rows.map((row) => [row._id, row]))
}
