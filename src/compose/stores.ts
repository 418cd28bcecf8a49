import { join } from 'node:path'
import { youngObjectsUpTo } from '#adapters/system/young-objects.ts'
import type { SqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { startCheckpointer } from '#compose/checkpointer.ts'
import type { Config } from '#config.ts'
import type { EventPublisher } from '#ports/event-publisher.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import type { ReadModels, ReadModelWriter } from '#ports/read-models.ts'

/** The log; `appended`, where the store can say so, resolves when there may be something new, at the latest after `delayMs`. */
export type Log = EventStore & {
  readonly appended?: (delayMs: number, signal: AbortSignal) => Promise<void>
}

type OfEngine<Settings, Engine> = Extract<Settings, { readonly engine: Engine }>
export type SqliteLogSettings = OfEngine<Config['eventStore'], 'sqlite'>
export type KafkaSettings = OfEngine<Config['feed'], 'kafka'>

/** The log, for the tools as for the program; others may have it open at the same time. Drivers are loaded when they are asked for. */
export async function openLog({ eventStore }: Config, logger: Logger): Promise<Log> {
  if (eventStore.engine === 'sqlite') return openSqliteLog(eventStore, logger)
  const { openEventStoreDb } = await import('#adapters/eventstoredb/event-store.ts')
  const { url, streamPrefix } = eventStore
  return openEventStoreDb({ url, streamPrefix, logger })
}

/** The half of the log that a thread needs which never appends. */
export type LogReading = Pick<Log, 'readStream' | 'readAll' | 'end' | 'head' | 'appended'>

export async function openLogReading(
  config: Config,
  logger: Logger,
  opening: AsyncDisposableStack,
): Promise<LogReading> {
  const { eventStore } = config
  if (eventStore.engine !== 'sqlite') return opening.use(await openLog(config, logger))
  const { prepareEventLog } = await import('#adapters/sqlite/event-log-file.ts')
  const { openSqliteEventLogReading } = await import('#adapters/sqlite/event-log-reading.ts')
  return opening.use(await openSqliteEventLogReading(await prepareEventLog(eventStore.folder)))
}

/** The log in a folder of this machine, with what only such a one can do. */
export async function openSqliteLog(
  { folder }: SqliteLogSettings,
  logger: Logger,
): Promise<SqliteEventStore> {
  const { openSqliteEventStore } = await import('#adapters/sqlite/event-store.ts')
  return openSqliteEventStore({ folder, logger, ...youngObjectsUpTo(24) })
}

/** The log for a tool that only reads: in a read-only folder too, where it takes no appends. */
export async function openLogToRead(config: Config, logger: Logger): Promise<Log> {
  const { eventStore } = config
  return eventStore.engine === 'sqlite'
    ? openSqliteLogToRead(eventStore, logger)
    : openLog(config, logger)
}

/** The same, for what only a log in a folder can do. */
export async function openSqliteLogToRead(
  settings: SqliteLogSettings,
  logger: Logger,
): Promise<SqliteEventStore> {
  const { isReadOnlyFolder } = await import('#adapters/sqlite/read-only-folder.ts')
  if (!isReadOnlyFolder(settings.folder)) return openSqliteLog(settings, logger)
  const { openReadOnlyEventStore } = await import('#adapters/sqlite/event-store-read-only.ts')
  return openReadOnlyEventStore(settings.folder)
}

/** The query side of the read models; empty where no projector has run yet. */
export async function openReadModels({ readModels }: Config): Promise<ReadModels> {
  if (readModels.engine === 'mongodb') {
    const { openMongoReadModels } = await import('#adapters/mongodb/read-models.ts')
    return openMongoReadModels({ url: readModels.url, database: readModels.database })
  }
  const { openSqliteReadModels } = await import('#adapters/sqlite/read-models.ts')
  return openSqliteReadModels({ path: await sqlitePath(readModels.folder) })
}

/** The projector's side. */
export async function openReadModelWriter({ readModels }: Config): Promise<ReadModelWriter> {
  if (readModels.engine === 'mongodb') {
    const { openMongoReadModelWriter } = await import('#adapters/mongodb/read-models-writer.ts')
    return openMongoReadModelWriter({ url: readModels.url, database: readModels.database })
  }
  const { openSqliteReadModelWriter } = await import('#adapters/sqlite/read-models-writer.ts')
  return openSqliteReadModelWriter({ path: await sqlitePath(readModels.folder) })
}

/** `failed` aborts, with the reason, when what is written to is not where it was opened: the next start makes it anew. */
export type LongReadModelWriter = ReadModelWriter & { readonly failed: AbortSignal }

/** The same for who writes for long: on SQLite a thread checkpoints beside it, and the file is watched. */
export async function openLongReadModelWriter(
  config: Config,
  logger: Logger,
  opening: AsyncDisposableStack,
): Promise<LongReadModelWriter> {
  const { readModels } = config
  const lost = new AbortController()
  if (readModels.engine !== 'sqlite')
    return { ...opening.use(await openReadModelWriter(config)), failed: lost.signal }
  const { openSqliteReadModelWriter } = await import('#adapters/sqlite/read-models-writer.ts')
  const { checkpointedPagesMax } = await import('#adapters/sqlite/read-models-file.ts')
  const { watchPlace } = await import('#adapters/sqlite/database-place.ts')
  const path = await sqlitePath(readModels.folder)
  const writer = opening.use(
    await openSqliteReadModelWriter({ path, checkpointPages: checkpointedPagesMax }),
  )
  opening.use(watchPlace(path, (reason) => lost.abort(reason)))
  const failed = (error: unknown) =>
    logger.warn({ err: error }, 'read models are not checkpointed beside their commits')
  opening.use(startCheckpointer(path, failed))
  return { ...writer, failed: lost.signal }
}

/** Makes the topic where it is not there; warns of what could lose events. @throws where the broker does not serve. */
export async function makeTopic(feed: KafkaSettings, logger: Logger): Promise<void> {
  const { ensureTopic } = await import('#adapters/kafka/topic.ts')
  await ensureTopic({ ...feed, logger })
}

/** @throws where the broker does not serve the topic. */
export async function checkTopic(
  { connection, topic }: KafkaSettings,
  logger: Logger,
): Promise<void> {
  const { partitionCount } = await import('#adapters/kafka/topic.ts')
  await partitionCount({ connection, topic, logger })
}

/** Where the relay publishes. */
export async function openPublisher(
  { connection, topic }: KafkaSettings,
  logger: Logger,
): Promise<EventPublisher> {
  const { openKafkaPublisher } = await import('#adapters/kafka/publisher.ts')
  return openKafkaPublisher({ connection, topic, logger })
}

async function sqlitePath(folder: string): Promise<string> {
  const { readModelsFileName } = await import('#adapters/sqlite/read-models-file.ts')
  return join(folder, readModelsFileName)
}
