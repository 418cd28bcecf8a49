import { type Db, MongoClient } from 'mongodb'
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

/** One pool of connections to one database. */
export class MongoConnection {
  readonly limits: MongoLimits
  readonly #client: MongoClient
  readonly #database: Db
  readonly #logger: Logger | undefined
  #failing = false
  #closed = false

  /** Connects at the first use. @throws an Error, without the URL, where it is none. */
  constructor({ url, database, logger, limits }: MongoOptions) {
    this.limits = { ...mongoLimits, ...limits }
    this.#client = clientOf(url, this.limits)
    this.#database = this.#client.db(database)
    this.#logger = logger
  }

  /** Does the work, within the time that an operation may take. @throws {ReadModelsUnavailable} */
  async use<Result>(work: (database: Db) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new ReadModelsUnavailable('The read models are closed.')
    try {
      const result = await within(this.limits.operationMaxMs, work(this.#database))
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
    await within(this.limits.connectMaxMs, this.#client.close(true)).catch(() => {})
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
 * What a URL could undo is set here: acknowledged means stored by a majority, and all is read from the primary and
 * only where a majority has it, so that no checkpoint is seen before its documents or taken back after a failover.
 */
function clientOf(url: string, limits: MongoLimits): MongoClient {
  try {
    return new MongoClient(url, {
      appName: 'daybook',
      writeConcern: { w: 'majority', journal: true },
      readConcern: { level: 'majority' },
      readPreference: 'primary',
      retryReads: true,
      retryWrites: true,
      useBigInt64: true,
      promoteValues: true,
      ignoreUndefined: false,
      maxPoolSize: limits.connectionsMax,
      connectTimeoutMS: limits.connectMaxMs,
      serverSelectionTimeoutMS: limits.serverSelectionMaxMs,
      waitQueueTimeoutMS: limits.connectionWaitMaxMs,
      socketTimeoutMS: limits.operationMaxMs,
    })
  } catch {
    // The driver's words may quote the URL, and with it a password.
    throw new Error('The URL of MongoDB is not one that its driver understands.')
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
