import { readCheckpoint } from '#adapters/mongodb/checkpoints.ts'
import { commitChanges } from '#adapters/mongodb/commit.ts'
import { MongoConnection, type MongoOptions } from '#adapters/mongodb/connection.ts'
import { loadDocuments } from '#adapters/mongodb/documents.ts'
import {
  moveLease,
  readFeedPosition,
  readLease,
  saveFeedPosition,
} from '#adapters/mongodb/feeds-and-leases.ts'
import { prepareModel } from '#adapters/mongodb/prepare.ts'
import type { ReadModelWriter } from '#ports/read-models.ts'

/** The projector's side. Any number may be open at once, in any number of processes. Connects at the first use. */
export async function openMongoReadModelWriter(options: MongoOptions): Promise<ReadModelWriter> {
  const connection = new MongoConnection(options)
  return {
    prepare: (model) => connection.use((database) => prepareModel(database, model)),

    checkpoint: (model, ledgerId) =>
      connection.use((database) => readCheckpoint(database, model, ledgerId)),

    load: (model, ledgerId, ids) =>
      connection.use((database) => loadDocuments(database, model, { ledgerId, ids })),

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
