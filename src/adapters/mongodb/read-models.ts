import { builtToRead, readBuilds, readRegistry } from '#adapters/mongodb/builds.ts'
import { checkpointsOfModel, parkedInModel } from '#adapters/mongodb/checkpoints.ts'
import { MongoConnection, type MongoOptions } from '#adapters/mongodb/connection.ts'
import { ledgersOfModel } from '#adapters/mongodb/documents.ts'
import { readFeedPosition, readLease } from '#adapters/mongodb/feeds-and-leases.ts'
import { indexFaults } from '#adapters/mongodb/index-faults.ts'
import { viewOfAll, viewOfLedger } from '#adapters/mongodb/view.ts'
import type { ReadModels } from '#ports/read-models.ts'

/**
 * The query side of the database that read-model writers keep. Connects at the first use; what is not there yet answers as
 * if nothing had been applied. Its views may become outdated: `ReadViewOutdated`.
 */
export async function openMongoReadModels(options: MongoOptions): Promise<ReadModels> {
  const connection = new MongoConnection(options)
  return {
    view: async (ledgerId) =>
      ledgerId === undefined ? viewOfAll(connection) : viewOfLedger(connection, ledgerId),

    checkpoints: (model) =>
      connection.use(async (database) => {
        const built = builtToRead(await readRegistry(database), model)
        return built === undefined ? new Map() : checkpointsOfModel(database, built)
      }),

    parked: (model) =>
      connection.use(async (database) => {
        const built = builtToRead(await readRegistry(database), model)
        return built === undefined ? [] : parkedInModel(database, built)
      }),

    ledgers: (model) =>
      connection.use(async (database) => {
        const built = builtToRead(await readRegistry(database), model)
        return built === undefined ? [] : ledgersOfModel(database, built)
      }),

    faults: (models) => connection.use((database) => indexFaults(database, models)),

    builds: (model) => connection.use((database) => readBuilds(database, model)),

    feedPosition: (feed) => connection.use((database) => readFeedPosition(database, feed)),

    lease: (name) => connection.use((database) => readLease(database, name)),

    async check() {
      await connection.use((database) => database.command({ ping: 1 }))
    },

    [Symbol.asyncDispose]: () => connection.close(),
  }
}
