import type { Db } from 'mongodb'
import { prepareCheckpoints, readCheckpoint } from '#adapters/mongodb/checkpoints.ts'
import { collectionOf, indexesToMake } from '#adapters/mongodb/collections.ts'
import { commitChanges } from '#adapters/mongodb/commit.ts'
import { MongoConnection, type MongoOptions } from '#adapters/mongodb/connection.ts'
import {
  moveLease,
  readFeedPosition,
  readLease,
  saveFeedPosition,
} from '#adapters/mongodb/feeds-and-leases.ts'
import { documentKey, documentOf, type Row } from '#adapters/mongodb/rows.ts'
import type { ReadModelShape, ReadModelWriter, StoredDocument } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** The projector's side. Any number may be open at once, in any number of processes. Connects at the first use. */
export async function openMongoReadModelWriter(options: MongoOptions): Promise<ReadModelWriter> {
  const connection = new MongoConnection(options)
  return {
    prepare: (model) => connection.use((database) => prepare(database, model)),

    checkpoint: (model, ledgerId) =>
      connection.use((database) => readCheckpoint(database, model, ledgerId)),

    load: (model, ledgerId, ids) =>
      connection.use((database) => load(database, model, { ledgerId, ids })),

    commit: (changes) => connection.use((database) => commitChanges(database, changes)),

    feedPosition: (feed) => connection.use((database) => readFeedPosition(database, feed)),

    saveFeedPosition: (feed, position) =>
      connection.use((database) => saveFeedPosition(database, feed, position)),

    lease: (name) => connection.use((database) => readLease(database, name)),

    moveLease: (name, seen, holder) =>
      connection.use((database) => moveLease(database, { name, seen, holder })),

    [Symbol.asyncDispose]: () => connection.close(),
  }
}

/** MongoDB makes a collection with its first index, and an index that is there is left alone. */
async function prepare(database: Db, model: ReadModelShape): Promise<void> {
  await prepareCheckpoints(database)
  const indexes = indexesToMake(model)
  if (indexes.length > 0) await database.collection(collectionOf(model)).createIndexes(indexes)
}

/** The documents as they are now, those included that a commit that did not finish left: they are folded on. */
async function load(
  database: Db,
  model: ReadModelShape,
  { ledgerId, ids }: { readonly ledgerId: LedgerId; readonly ids: readonly string[] },
): Promise<StoredDocument[]> {
  if (ids.length === 0) return []
  const keys = ids.map((id) => documentKey(ledgerId, id))
  const rows = await database
    .collection<Row>(collectionOf(model))
    .find({ _id: { $in: keys } }, { batchSize: keys.length + 1 })
    .toArray()
  return rows.map((row) => documentOf(row.id, row))
}
