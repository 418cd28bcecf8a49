import type { Db } from 'mongodb'
import {
  addBuild,
  builtModel,
  readBuilds,
  readRegistry,
  serveBuild,
  servingOrFirst,
  servingVersion,
} from '#adapters/mongodb/builds.ts'
import { readCheckpoint } from '#adapters/mongodb/checkpoints.ts'
import { commitChanges } from '#adapters/mongodb/commit.ts'
import { MongoConnection, type MongoOptions } from '#adapters/mongodb/connection.ts'
import { loadDocuments } from '#adapters/mongodb/documents.ts'
import {
  forgetFeedPosition,
  moveLease,
  readFeedPosition,
  readLease,
  saveFeedPosition,
} from '#adapters/mongodb/feeds-and-leases.ts'
import { dropModel, prepareModel } from '#adapters/mongodb/prepare.ts'
import type { BuiltModel, ModelBuild, ReadModelWriter } from '#ports/read-models.ts'

/** The projector's side. Any number may be open at once, in any number of processes. Connects at the first use. */
export async function openMongoReadModelWriter(options: MongoOptions): Promise<ReadModelWriter> {
  const connection = new MongoConnection(options)
  return {
    prepare: (model) =>
      connection.use(async (database) => {
        const built = await servingOrFirst(database, model)
        if (built !== undefined) await prepareModel(database, built)
      }),

    checkpoint: (model, ledgerId) =>
      connection.use(async (database) => {
        const built = await meant(database, model)
        return built && readCheckpoint(database, built, ledgerId)
      }),

    load: (model, ledgerId, ids) =>
      connection.use(async (database) => {
        const built = await meant(database, model)
        return built === undefined ? [] : loadDocuments(database, built, { ledgerId, ids })
      }),

    builds: (model) => connection.use((database) => readBuilds(database, model)),

    servingVersion: (name) => connection.use((database) => servingVersion(database, name)),

    startBuild: (model, startedAt) =>
      connection.use(async (database) => {
        const build = await addBuild(database, model, startedAt)
        await prepareModel(database, { ...model, build })
        return build
      }),

    serveBuild: (model) => connection.use((database) => serveBuild(database, model)),

    dropBuild: (model) => connection.use((database) => dropModel(database, model)),

    commit: (changes) => connection.use((database) => commitChanges(database, changes)),

    feedPosition: (feed) => connection.use((database) => readFeedPosition(database, feed)),

    saveFeedPosition: (feed, position) =>
      connection.use((database) => saveFeedPosition(database, feed, position)),

    forgetFeedPosition: (feed) => connection.use((database) => forgetFeedPosition(database, feed)),

    lease: (name) => connection.use((database) => readLease(database, name)),

    moveLease: (name, seen, holder) =>
      connection.use((database) => moveLease(database, { name, seen, holder })),

    [Symbol.asyncDispose]: () => connection.close(),
  }
}

async function meant(database: Db, model: ModelBuild): Promise<BuiltModel | undefined> {
  const registry = model.build === undefined ? await readRegistry(database) : new Map()
  return builtModel(registry, model)
}
