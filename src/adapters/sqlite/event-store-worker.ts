import { parentPort, workerData } from 'node:worker_threads'
import { openWriterConnection } from '#adapters/sqlite/event-log-connection.ts'
import { EventLogWriter } from '#adapters/sqlite/event-log-writer.ts'
import type { FromWorker, ToWorker } from '#adapters/sqlite/event-store-messages.ts'
import { whenFree } from '#adapters/sqlite/sqlite-results.ts'

/**
 * The thread that waits for the disk. The other side sends the next message only after the answer to the last one;
 * an error here ends the thread, which it sees as an unknown outcome.
 */
const port = parentPort
if (port === null) throw new TypeError('this file is a worker thread of the event store')

const database = await whenFree(() => openWriterConnection(String(workerData)))
const writer = new EventLogWriter(database)

async function answer(message: ToWorker): Promise<void> {
  if (message === 'close') {
    database.close()
    port?.close()
    return
  }
  say(await writer.commit(message))
}

function say(message: FromWorker): void {
  port?.postMessage(message)
}

port.on('message', (message: ToWorker) => void answer(message))
say(['ready'])
