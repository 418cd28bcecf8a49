import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { openLogFeed } from '#adapters/log/feed.ts'
import { openSqliteEventLogReading } from '#adapters/sqlite/event-log-reading.ts'
import { logFileName } from '#adapters/sqlite/event-log-format.ts'
import { readModelsFileName } from '#adapters/sqlite/read-models-file.ts'
import { openSqliteReadModels } from '#adapters/sqlite/read-models.ts'
import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import { openLogger } from '#adapters/system/logger.ts'
import type { EventStore } from '#ports/event-store.ts'
import { type ReadModels, ReadModelsUnavailable } from '#ports/read-models.ts'
import { projectorFeed } from '#projector-feed.ts'
import { allProjections } from '#projections/all-projections.ts'
import { createProjector } from '#projections/runtime/projector.ts'

const settings = z.object({
  logFolder: z.string(),
  readModelsFolder: z.string(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
  logFormat: z.enum(['json', 'pretty']).optional(),
})

/** What the thread is told: where the log and the read models are, and how to log. */
export type ProjectorThreadSettings = z.infer<typeof settings>

/** The embedded engine's projector, in a thread of its own so that building read models delays no answer. */
async function project(given: ProjectorThreadSettings, signal: AbortSignal): Promise<void> {
  const { logFolder, readModelsFolder, logLevel: level, logFormat: format } = given
  const path = join(readModelsFolder, readModelsFileName)
  const logger = openLogger({ level, format, fd: 1, role: 'projector' })
  using store = await openSqliteEventLogReading(join(logFolder, logFileName))
  await using writer = await openSqliteReadModelWriter({ path })
  await using readModels = await openSqliteReadModels({ path })
  await requireSameLog(store, readModels)
  const projector = createProjector({
    projections: allProjections,
    writer,
    store,
    readModels,
    logger,
  })
  parentPort?.postMessage('projecting')
  await projector.run(openLogFeed({ name: projectorFeed, store, positions: writer }), signal)
}

/** A log that was put back to an older one goes on with other events at revisions that the read models have had. */
async function requireSameLog(
  store: Pick<EventStore, 'readAll'>,
  readModels: Pick<ReadModels, 'feedPosition'>,
): Promise<void> {
  const position = await readModels.feedPosition(projectorFeed)
  if (position === undefined) return
  const [last] = await store.readAll(position - 1n, 1)
  if (last?.position === position) return
  throw new ReadModelsUnavailable(
    'The read models were made from a longer log than this one: delete read-models.db and its companions and start again; they are made anew.',
  )
}

const stop = new AbortController()
parentPort?.once('message', () => stop.abort())
try {
  await project(settings.parse(workerData), stop.signal)
} catch (error) {
  if (!stop.signal.aborted) throw error
} finally {
  parentPort?.close()
}
