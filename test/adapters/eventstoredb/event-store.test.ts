import { randomUUID } from 'node:crypto'
import { describe } from 'vitest'
import { openEventStoreDb } from '#adapters/eventstoredb/event-store.ts'
import { describeEventStore } from '#test/contracts/event-store.ts'
import { startEventStoreDouble } from '#test/support/eventstoredb/start.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

const { logger } = recordingLogger()

/** A log of its own on the server: other tests' streams on it are not seen. */
function logAt(url: string) {
  const streamPrefix = `t-${randomUUID()}-`
  return () => openEventStoreDb({ url, streamPrefix, logger })
}

describeEventStore('EventStoreDB, a double', async () => {
  const double = await startEventStoreDouble()
  return { open: logAt(double.url), [Symbol.asyncDispose]: () => double[Symbol.asyncDispose]() }
})

const url = process.env['EVENTSTORE_URL']

describe.skipIf(url === undefined)('a real server (EVENTSTORE_URL)', () => {
  describeEventStore('EventStoreDB, a real server', async () => ({
    open: logAt(url ?? ''),
    [Symbol.asyncDispose]: async () => {},
  }))
})
