import { join } from 'node:path'
import { readModelsFileName } from '#adapters/sqlite/read-models-file.ts'
import { openSqliteReadModels } from '#adapters/sqlite/read-models.ts'
import { openSqliteEventStore, type SqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { secretInFile } from '#adapters/system/secret-file.ts'
import { openCommandBus } from '#commands/handler/command-bus.ts'
import { runHoldSweeper } from '#commands/handler/hold-sweeper.ts'
import type { CommandBus } from '#commands/handler/outcome.ts'
import type { Config } from '#config.ts'
import { currentVersions } from '#events/ledger-event.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { createApp } from '#http/app.ts'
import { listen } from '#http/listen.ts'
import type { Clock } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import type { ReadModels } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import { projectionStatuses } from '#projections/runtime/projection-statuses.ts'
import { startProjectorThread } from '#projector.ts'
import { projectorFeed } from '#projector-feed.ts'
import { queries } from '#queries/all-queries.ts'
import { dueHolds } from '#queries/due-holds.ts'

/** A running program: all roles of the embedded engine in one process. */
export type Node = AsyncDisposable & {
  readonly url: string
  /** Aborted, with the reason, when the process has to end. */
  readonly failed: AbortSignal
  confirmClock(): void
}

/** Starts everything, in order; disposing stops it in reverse: what was accepted is finished. */
export async function startNode(
  config: Config,
  logger: Logger,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<Node> {
  await using starting = new AsyncDisposableStack()
  // The log first: it makes the data folder's own name durable where it is new.
  const store = starting.use(await openLog(config, logger))
  const cursorSecret = config.cursorSecret ?? (await secretInFile(config.cursorSecretFile))
  const readModels = starting.use(await openReadModels(config))
  const projector = starting.use(await startProjectorThread(config))
  const commandBus = starting.use(openCommandBus({ store, clock, logger }))
  starting.use(startSweeper({ commandBus, readModels, clock, config, logger }))
  const app = createApp({
    commandBus,
    readModels,
    queries,
    store,
    streamOf: ledgerStream,
    eventTypes: Object.keys(currentVersions),
    projectionStatuses: () =>
      projectionStatuses({
        projections: allProjections,
        readModels,
        store,
        feedPosition: () => readModels.feedPosition(projectorFeed),
        nowMs: clock.now(),
      }),
    healthChecks: {
      'event-store': () => store.check(),
      'read-models': () => readModels.check(),
      projector: async () => projector.failed.throwIfAborted(),
    },
    cursorSecret,
    clock,
    logger,
  })
  const server = starting.use(await listen(app, { host: config.host, port: config.port }))
  logger.info({ url: server.url, data: config.dataFolder }, `listening on ${server.url}`)
  const running = starting.move()
  return {
    url: server.url,
    failed: AbortSignal.any([store.failed, projector.failed]),
    confirmClock: () => commandBus.confirmClock(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** The log, for the tools as for the program; a server may have it open at the same time. */
export function openLog(config: Config, logger: Logger): Promise<SqliteEventStore> {
  return openSqliteEventStore({ folder: config.eventStore.folder, logger })
}

/** The query side of the read models; empty where no projector has run yet. */
export function openReadModels(config: Config): Promise<ReadModels> {
  return openSqliteReadModels({ path: join(config.readModels.folder, readModelsFileName) })
}

/** The write side alone, for the tools; a server may write the same ledgers at the same time. */
export async function openWriteSide(config: Config, logger: Logger): Promise<CommandBus> {
  await using opening = new AsyncDisposableStack()
  const store = opening.use(await openLog(config, logger))
  const bus = opening.use(openCommandBus({ store, clock: systemClock, logger }))
  const opened = opening.move()
  return {
    execute: (request) => bus.execute(request),
    executeBatch: (request) => bus.executeBatch(request),
    dryRun: (request) => bus.dryRun(request),
    dryRunBatch: (request) => bus.dryRunBatch(request),
    confirmClock: () => bus.confirmClock(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

function startSweeper(parts: {
  readonly commandBus: CommandBus
  readonly readModels: ReadModels
  readonly clock: Clock
  readonly config: Config
  readonly logger: Logger
}): AsyncDisposable {
  const { commandBus, readModels, clock, config, logger } = parts
  const stop = new AbortController()
  const swept = runHoldSweeper(
    {
      bus: commandBus,
      dueHolds: (now, page) => dueHolds(readModels, now, page),
      clock,
      logger,
      intervalMs: config.sweepIntervalMs,
    },
    stop.signal,
  )
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await swept
    },
  }
}
