import { parentPort, workerData } from 'node:worker_threads'
import { openLogger } from '#adapters/system/logger.ts'
import { giveWay } from '#compose/give-way.ts'
import { openProjecting } from '#compose/projecting.ts'
import type { Config } from '#config.ts'

/** The projector in a thread of its own, so that building read models delays no answer. */
async function project(config: Config, signal: AbortSignal): Promise<void> {
  const { logLevel: level, logFormat: format } = config
  const logger = await openLogger({ level, format, fd: 1, role: 'projector' })
  await using projecting = await openProjecting(config, logger)
  parentPort?.postMessage('projecting')
  await projecting.run(signal)
}

giveWay()
const config: Config = workerData
const stop = new AbortController()
parentPort?.once('message', () => stop.abort())
try {
  await project(config, stop.signal)
} finally {
  parentPort?.close()
}
