import { MongoClient } from 'mongodb'
import type { MongoLimits } from '#adapters/mongodb/limits.ts'
import { openMongoReadModels } from '#adapters/mongodb/read-models.ts'
import { openMongoReadModelWriter } from '#adapters/mongodb/read-models-writer.ts'
import type { ReadModels, ReadModelWriter } from '#ports/read-models.ts'
import type { Servers } from '#test/support/servers/describe-with.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

/** A database of its own on the shared server, not made yet; disposing drops it. */
export type MongoDatabase = AsyncDisposable & {
  readonly url: string
  readonly database: string
  openReadModels(limits?: Partial<MongoLimits>): Promise<ReadModels>
  openWriter(limits?: Partial<MongoLimits>): Promise<ReadModelWriter>
  /** The driver's own client, to look behind the port. */
  connect(): Promise<MongoClient>
}

export async function aMongoDatabase(servers: Servers): Promise<MongoDatabase> {
  const { url } = servers.mongodb()
  const database = aNamespace()
  const connect = () => new MongoClient(url, { useBigInt64: true }).connect()
  return {
    url,
    database,
    openReadModels: (limits = {}) => openMongoReadModels({ url, database, limits }),
    openWriter: (limits = {}) => openMongoReadModelWriter({ url, database, limits }),
    connect,
    async [Symbol.asyncDispose]() {
      await using client = await connect()
      await client.db(database).dropDatabase()
    },
  }
}
