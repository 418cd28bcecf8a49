import { once } from 'node:events'
import { type ResourceLimits, Worker } from 'node:worker_threads'
import { AppendLine } from '#adapters/sqlite/append-line.ts'
import { backUpEventLog } from '#adapters/sqlite/event-log-backup.ts'
import { prepareEventLog } from '#adapters/sqlite/event-log-file.ts'
import { openingLog } from '#adapters/sqlite/database-outage.ts'
import { type PlaceWatch, watchPlace } from '#adapters/sqlite/database-place.ts'
import { openSqliteEventLogReading } from '#adapters/sqlite/event-log-reading.ts'
import { reasonOf } from '#adapters/sqlite/sqlite-results.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'

/** The log in one SQLite file of a folder on this machine; several processes may have it open. */
export type SqliteEventStore = EventStore & {
  /**
   * Copies the log as of now, while it is appended to, into one new file that is checked and durable once resolved.
   * @throws {EventLogRefused} when there is a file already.
   * @throws {EventLogDamaged} when the copy does not read back whole; then no file is left.
   */
  backup(to: string): Promise<void>
}

/**
 * Opens, or makes, the log of a data folder. `failed` aborts when a COMMIT or the thread that makes them fails, or when
 * the log is no longer in its folder, or cut short; the process then has to end, since only opening the log anew tells what
 * is stored.
 * @throws {EventLogRefused | EventLogDamaged | EventStoreUnavailable}
 */
export async function openSqliteEventStore({
  folder,
  logger,
  resourceLimits,
}: {
  folder: string
  logger?: Logger
  /** Of the thread that appends. */
  resourceLimits?: ResourceLimits
}): Promise<SqliteEventStore> {
  const path = await prepareEventLog(folder)
  await using opening = new AsyncDisposableStack()
  const line = opening.adopt(
    new AppendLine(await openingLog(path, () => startWorker(path, resourceLimits))),
    (it) => it.close(),
  )
  const log = await openSqliteEventLogReading(path)
  const place = watchPlace(path, (reason) =>
    line.fail('the event log is not what was opened', reason),
  )
  // As long as somebody reads, who closes the log does not carry over to it what is no more.
  opening.defer(() => void (place.isCut || log[Symbol.dispose]()))
  opening.use(place)
  line.failed.addEventListener('abort', () =>
    logger?.error({ reason: reasonOf(line.failed.reason.cause) }, 'the event log failed'),
  )

  const opened = opening.move()
  return {
    append: lookingOnce(line.append, place),
    readStream: log.readStream,
    readAll: log.readAll,
    streams: log.streams,
    end: log.end,
    head: log.head,
    check: async () => {
      line.failed.throwIfAborted()
      place.look()
      await log.readAll(undefined, 1)
    },
    refuses: () => line.refusing,
    failed: line.failed,
    backup: (to) => backUpEventLog(path, to),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** Looks once after the first append, not a second later: what is cut until then would pass for what has always been so. */
function lookingOnce(append: EventStore['append'], place: PlaceWatch): EventStore['append'] {
  let isLookedAt = false
  return (stream, events, expected) => {
    const appended = append(stream, events, expected)
    if (isLookedAt) return appended
    isLookedAt = true
    return appended.finally(() => {
      try {
        place.look()
      } catch {
        // Whoever is to know is told already.
      }
    })
  }
}

/** Resolves once the worker can append; rejects with what ended it before. */
async function startWorker(path: string, resourceLimits?: ResourceLimits): Promise<Worker> {
  const worker = new Worker(new URL('./event-store-worker.ts', import.meta.url), {
    name: 'event-log',
    ...(resourceLimits && { resourceLimits }),
    workerData: path,
  })
  await once(worker, 'message')
  return worker
}
