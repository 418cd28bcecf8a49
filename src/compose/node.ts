import { systemClock } from '#adapters/system/clock.ts'
import { createApi } from '#compose/api.ts'
import { memoryBoundsOf, openKeeping } from '#compose/books.ts'
import { openMarksOf } from '#compose/clock-marks.ts'
import { type HealthChecks, requireServing } from '#compose/dependencies.ts'
import { openProjecting } from '#compose/projecting.ts'
import { intactLog } from '#compose/intact-log.ts'
import { startProjectorThread } from '#compose/projector-worker.ts'
import { type Relaying, startRelaying } from '#compose/relaying.ts'
import { refuseSenselessRoles, type Role, rolesOf } from '#compose/roles.ts'
import {
  checkTopic,
  type KafkaSettings,
  type Log,
  makeTopic,
  openLog,
  openReadModels,
} from '#compose/stores.ts'
import { requireSameLog } from '#compose/same-log.ts'
import { startSweeping } from '#compose/sweeping.ts'
import { running } from '#compose/running.ts'
import { openCommandBus } from '#commands/handler/command-bus.ts'
import type { CommandBus } from '#commands/handler/outcome.ts'
import type { Config } from '#config.ts'
import { createHealthApp } from '#http/app.ts'
import { listen } from '#http/listen.ts'
import type { Clock } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import type { ReadModels } from '#ports/read-models.ts'

/** A running program: one role, or several in one process. */
export type Node = AsyncDisposable & {
  readonly url: string
  /** Aborted, with the reason, when the process has to end. */
  readonly failed: AbortSignal
  confirmClock(): void
}

export type NodeOptions = { readonly clock?: Clock; readonly roles?: readonly Role[] }

/**
 * Starts the roles, in order; disposing stops them in reverse: what was accepted is finished. Without `roles`: all that
 * the configuration has work for. @throws one sentence for everything that keeps it from starting.
 */
export async function startNode(
  config: Config,
  logger: Logger,
  { clock = systemClock, roles = rolesOf(config) }: NodeOptions = {},
): Promise<Node> {
  refuseSenselessRoles(config, roles)
  await using starting = new AsyncDisposableStack()
  // The log first: it makes the data folder's own name durable where it is new.
  const store = starting.use(await openLog(config, logger))
  const readModels = starting.use(await openReadModels(config))
  const broker = brokerOf(config, roles)
  const healthChecks: HealthChecks = {
    'event-store': async () => {
      await store.check()
      return store.refuses?.() ? 'refusing' : 'up'
    },
    ...(roles.some((role) => role !== 'relay') && { 'read-models': () => readModels.check() }),
    ...(broker && { broker: () => checkTopic(broker, logger) }),
  }
  const atStart = broker && { broker: () => makeTopic(broker, logger) }
  await requireServing(config, { ...healthChecks, ...atStart })
  await requireSameLog(config, { store, readModels })
  const node = { config, logger, clock, store, readModels }
  const fanOut = await startFanOut(node, roles, starting)
  const { commandBus, failures } = await startWriting(node, roles, starting)
  const clockCheck = commandBus && clockCheckOf(commandBus)
  const health = { healthChecks: { ...healthChecks, ...fanOut.healthChecks, ...clockCheck } }
  const { relayStatus } = fanOut
  const app =
    roles.includes('api') && commandBus !== undefined
      ? await createApi({ ...node, ...health, commandBus, relayStatus })
      : createHealthApp({ ...health, relayStatus, logger })
  const server = starting.use(await listen(app, { host: config.host, port: config.port }))
  logger.info({ url: server.url, roles }, `listening on ${server.url}`)
  const started = starting.move()
  return {
    url: server.url,
    failed: AbortSignal.any([store.failed, ...fanOut.failures, ...failures]),
    confirmClock: () => commandBus?.confirmClock(),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

/** What has a wrong clock answers queries all the same. */
function clockCheckOf(commandBus: CommandBus): HealthChecks {
  return { clock: async () => (commandBus.believesClock() ? 'up' : 'refusing') }
}

/** Who publishes or follows needs the broker; commands and queries never do. */
function brokerOf({ feed }: Config, roles: readonly Role[]): KafkaSettings | undefined {
  const isUsed = roles.includes('relay') || roles.includes('projector')
  return isUsed && feed.engine === 'kafka' ? feed : undefined
}

type NodeParts = {
  readonly config: Config
  readonly logger: Logger
  readonly clock: Clock
  readonly store: Log
  readonly readModels: ReadModels
}

type FanOut = {
  readonly relayStatus: Relaying['status'] | undefined
  readonly healthChecks: HealthChecks
  readonly failures: readonly AbortSignal[]
}

/** From the log to the broker, and from there to the read models. */
async function startFanOut(
  node: NodeParts,
  roles: readonly Role[],
  starting: AsyncDisposableStack,
): Promise<FanOut> {
  const { config, logger, store } = node
  const relaying = roles.includes('relay') ? starting.use(await startRelaying(node)) : undefined
  const projecting = roles.includes('projector')
    ? starting.use(await startProjecting(config, logger, roles.length > 1))
    : undefined
  const failures = [relaying?.failed, projecting && afterLookAt(store, projecting.failed)]
  return {
    relayStatus: relaying?.status,
    failures: failures.filter((signal) => signal !== undefined),
    healthChecks: {
      ...(relaying && { broker: relaying.check }),
      ...(projecting && { projector: async () => projecting.failed.throwIfAborted() }),
    },
  }
}

/** Read models that are lost may be so with the whole folder: then the log says so first, since it has to be restored. */
function afterLookAt(store: Log, failed: AbortSignal): AbortSignal {
  const after = new AbortController()
  const look = async () => {
    await store.check().catch(() => {})
    after.abort(failed.reason)
  }
  if (failed.aborted) void look()
  else failed.addEventListener('abort', () => void look())
  return after.signal
}

async function startWriting(
  node: NodeParts,
  roles: readonly Role[],
  starting: AsyncDisposableStack,
): Promise<{ readonly commandBus?: CommandBus; readonly failures: readonly AbortSignal[] }> {
  const sweeps = roles.includes('sweeper')
  if (!sweeps && !roles.includes('api')) return { failures: [] }
  const keeping = await openKeeping(node.config, node.logger, starting)
  const memory = memoryBoundsOf(node.config)
  const store = intactLog(node.store, node.logger)
  const clockMarks = await openMarksOf(node.config, node.logger)
  const commandBus = starting.use(openCommandBus({ ...node, store, clockMarks, keeping, memory }))
  const sweeping = sweeps && starting.use(startSweeping({ ...node, commandBus }))
  return { commandBus, failures: sweeping ? [sweeping.failed] : [] }
}

/** Beside other roles in a thread of its own. */
async function startProjecting(
  config: Config,
  logger: Logger,
  isBesideOthers: boolean,
): Promise<AsyncDisposable & { readonly failed: AbortSignal }> {
  if (isBesideOthers) return startProjectorThread(config)
  await using starting = new AsyncDisposableStack()
  const projecting = starting.use(await openProjecting(config, logger))
  const { failed } = starting.use(running((signal) => projecting.run(signal)))
  const started = starting.move()
  return { failed, [Symbol.asyncDispose]: () => started.disposeAsync() }
}
