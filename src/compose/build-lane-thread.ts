import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '#adapters/system/clock.ts'
import { type FromLane, type LaneWork, ownProjection } from '#compose/build-lane.ts'
import { giveWay } from '#compose/give-way.ts'
import { openLogReading, openReadModelWriter } from '#compose/stores.ts'
import type { Logger } from '#ports/logger.ts'
import { ActLog } from '#projections/runtime/act-log.ts'
import { aloneEffort, Builder } from '#projections/runtime/builder.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'

/** Fills builds from the log, beside the thread that asked for it. Where there is an API, answers come first. */
async function fill(
  { config, models: named, areToServe }: LaneWork,
  signal: AbortSignal,
): Promise<void> {
  await using opened = new AsyncDisposableStack()
  const store = await openLogReading(config, logger, opened)
  const writer = opened.use(await openReadModelWriter(config))
  const acts = new ActLog(store)
  const parts = { store, writer, acts, clock: systemClock, logger, areToServe }
  const builder = new Builder({ ...parts, effort: aloneEffort })
  const models = named.map(projected)
  await builder.catchUp(models, signal, (read) => say({ read }))
  await builder.makeFindable(models, signal)
  say({ filled: { actsPlace: acts.place } })
}

function projected({ build, ...model }: LaneWork['models'][number]): LiveModel {
  const projection = ownProjection(model)
  if (projection === undefined)
    throw new Error(`${model.name} v${model.version} is none of this program's read models`)
  return { ...projection, build }
}

const logger: Logger = {
  debug: (fields, message) => say({ line: { level: 'debug', fields, message } }),
  info: (fields, message) => say({ line: { level: 'info', fields, message } }),
  warn: (fields, message) => say({ line: { level: 'warn', fields, message } }),
  error: (fields, message) => say({ line: { level: 'error', fields, message } }),
}

function say(message: FromLane): void {
  parentPort?.postMessage(message)
}

giveWay()
const work: LaneWork = workerData
const stop = new AbortController()
parentPort?.once('message', () => stop.abort())
try {
  await fill(work, stop.signal)
} catch (error) {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  say({ failed: { name, message, ...(stack !== undefined && { stack }) } })
} finally {
  parentPort?.close()
}
