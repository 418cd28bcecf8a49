import { openingLog } from '#adapters/sqlite/database-outage.ts'
import { openReaderConnection } from '#adapters/sqlite/event-log-connection.ts'
import { namingDamage } from '#adapters/sqlite/event-log-inspection.ts'
import { EventLogReader } from '#adapters/sqlite/event-log-reader.ts'
import { reasonOf, whenFree } from '#adapters/sqlite/sqlite-results.ts'
import { EventLogDamaged, type EventStore, EventStoreUnavailable } from '#ports/event-store.ts'

/** The half of an event store that only reads. */
export type SqliteEventLogReading = Required<
  Pick<EventStore, 'readStream' | 'readAll' | 'streams' | 'end' | 'head'>
> &
  Disposable

/**
 * Opens an existing log for reading alone: for a thread or program that never appends.
 * @throws {EventLogRefused | EventLogDamaged}
 */
export async function openSqliteEventLogReading(path: string): Promise<SqliteEventLogReading> {
  const database = await openingLog(path, () => whenFree(() => openReaderConnection(path)))
  const reader = new EventLogReader(database)
  const read = async <Page>(query: () => Page): Promise<Page> => {
    try {
      return await whenFree(() => namingDamage(path, query))
    } catch (error) {
      if (error instanceof EventLogDamaged) throw error
      throw new EventStoreUnavailable(`the event log cannot be read: ${reasonOf(error)}`, {
        cause: error,
      })
    }
  }
  return {
    readStream: (stream, from, limit) => read(() => reader.ofStream(stream, from, limit)),
    readAll: (after, limit) => read(() => reader.ofAll(after, limit)),
    streams: (after, limit) => read(() => reader.streams(after, limit)),
    end: () => read(() => reader.end()),
    head: (stream) => read(() => reader.head(stream)),
    [Symbol.dispose]: () => database.close(),
  }
}
