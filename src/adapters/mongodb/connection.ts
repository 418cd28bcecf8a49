import { type Db, type DbOptions, MongoClient, type MongoClientOptions, ReadConcern } from 'mongodb'
import { asReadModelsError } from '#adapters/mongodb/errors.ts'
import { type MongoLimits, mongoLimits } from '#adapters/mongodb/limits.ts'
import type { Logger } from '#ports/logger.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'

/** `url` as MongoDB's drivers take it, with credentials and TLS where there are any; it is never logged. */
export type MongoOptions = {
  readonly url: string
  readonly database: string
  readonly logger?: Logger
  readonly limits?: Partial<MongoLimits>
}

/** The URL can't be understood: one sentence that says nothing of it. */
class MongoUrlRefused extends Error {
  override readonly name = 'MongoUrlRefused'
}

/** One pool of connections to one database. */
export class MongoConnection {
  readonly limits: MongoLimits
  readonly #makeClient: () => MongoClient
  readonly #database: string
  readonly #logger: Logger | undefined
  #client: Promise<MongoClient> | undefined
  #failing = false
  #closed = false

  /** Connects at the first use. @throws {MongoUrlRefused} where the URL is none. */
  constructor({ url, database, logger, limits }: MongoOptions) {
    this.limits = { ...mongoLimits, ...limits }
    this.#makeClient = () => clientOf(url, this.limits)
    this.#database = database
    this.#logger = logger
    this.#makeClient()
  }

  /** Does the work, within the time that an operation may take. @throws {ReadModelsUnavailable} */
  async use<Result>(work: (database: Db) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new ReadModelsUnavailable('The read models are closed.')
    try {
      const result = await within(this.limits.operationMaxMs, this.#open().then(work))
      this.#worked()
      return result
    } catch (error) {
      throw this.#failed(asReadModelsError(error))
    }
  }

  /** What is under way fails. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    // A silent server must not keep the process: its sockets are gone when close() gives up.
    const closing = this.#client?.then((client) => client.close(true))
    if (closing !== undefined) await within(this.limits.connectMaxMs, closing).catch(() => {})
  }

  /** The database, with what a URL must not undo. */
  databaseOf(client: MongoClient): Db {
    return client.db(this.#database, concerns)
  }

  async #open(): Promise<Db> {
    this.#client ??= this.#connect()
    return this.databaseOf(await this.#client)
  }

  /** A client that could not connect the first time never can: the next use makes another. */
  async #connect(): Promise<MongoClient> {
    const client = this.#makeClient()
    try {
      return await client.connect()
    } catch (error) {
      this.#client = undefined
      await client.close(true)
      throw error
    }
  }

  #worked(): void {
    if (this.#failing) this.#logger?.info({}, 'MongoDB answers again')
    this.#failing = false
  }

  /** Says once that there is trouble, not with every operation. */
  #failed(error: unknown): unknown {
    if (!(error instanceof ReadModelsUnavailable) || this.#failing || this.#closed) return error
    this.#failing = true
    const { name, code } = Object(error.cause)
    this.#logger?.warn({ cause: name, code }, error.message)
    return error
  }
}

/**
 * What a URL must not undo, so it is not said to the client, which lets a URL have its way, but to the database. Acknowledged
 * means stored by a majority; and all is read from the primary, a checkpoint only where a majority has it, so that none
 * is taken back after a failover. Documents: `documentsOfModel`.
 */
const concerns: DbOptions = {
  writeConcern: { w: 'majority', journal: true },
  readConcern: new ReadConcern('majority'),
  readPreference: 'primary',
}

function optionsOf(limits: MongoLimits): MongoClientOptions {
  return {
    appName: 'daybook',
    retryReads: true,
    retryWrites: true,
    useBigInt64: true,
    maxPoolSize: limits.connectionsMax,
    connectTimeoutMS: limits.connectMaxMs,
    serverSelectionTimeoutMS: limits.serverSelectionMaxMs,
    waitQueueTimeoutMS: limits.connectionWaitMaxMs,
    socketTimeoutMS: limits.operationMaxMs,
  }
}

function clientOf(url: string, limits: MongoLimits): MongoClient {
  try {
    return new MongoClient(url, optionsOf(limits))
  } catch {
    // The driver's words may quote the URL, and with it a password.
    throw new MongoUrlRefused('The URL of MongoDB is not one that its driver understands.')
  }
}

/** The driver's own `timeoutMS` has no effect in 7.9, so a silent server is given up here. */
async function within<Result>(timeMaxMs: number, work: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new ReadModelsUnavailable(`MongoDB did not answer within ${timeMaxMs} ms.`))
  }, timeMaxMs)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
