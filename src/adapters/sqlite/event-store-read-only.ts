import { join, resolve } from 'node:path'
import { openingLog } from '#adapters/sqlite/database-outage.ts'
import { backUpEventLog } from '#adapters/sqlite/event-log-backup.ts'
import { logFileName } from '#adapters/sqlite/event-log-format.ts'
import { inspectEventLog } from '#adapters/sqlite/event-log-inspection.ts'
import { openSqliteEventLogReading } from '#adapters/sqlite/event-log-reading.ts'
import type { SqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { refuseNetworkFolder } from '#adapters/sqlite/network-folder.ts'
import { whenFree } from '#adapters/sqlite/sqlite-results.ts'
import { refuseOldSqlite } from '#adapters/sqlite/sqlite-version.ts'
import { EventStoreUnavailable } from '#ports/event-store.ts'

/**
 * The log of a folder where nothing can be written, as it is: it takes no appends.
 * @throws {EventLogRefused | EventLogDamaged}
 */
export async function openReadOnlyEventStore(folder: string): Promise<SqliteEventStore> {
  refuseOldSqlite()
  refuseNetworkFolder(folder)
  const path = join(resolve(folder), logFileName)
  await openingLog(path, () => whenFree(() => inspectEventLog(path)))
  const log = await openSqliteEventLogReading(path)
  return {
    append: async () => {
      throw new EventStoreUnavailable(`the data folder ${folder} is read-only`)
    },
    readStream: log.readStream,
    readAll: log.readAll,
    streams: log.streams,
    end: log.end,
    head: log.head,
    check: async () => void (await log.readAll(undefined, 1)),
    failed: new AbortController().signal,
    backup: (to) => backUpEventLog(path, to),
    [Symbol.asyncDispose]: async () => log[Symbol.dispose](),
  }
}
