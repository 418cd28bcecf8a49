import process from 'node:process'
import { openKafkaFeed } from '#adapters/kafka/feed.ts'
import { connectionOf, never } from '#test/adapters/kafka/topics.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

// A worker that takes one batch, says so, and is never done with it.

/** What it says, as JSON. */
export type WorkerLine = { readonly took: number }

const [url = '', topic = '', groupId = ''] = process.argv.slice(2)
const { logger } = recordingLogger()
const feed = openKafkaFeed({ connection: connectionOf(url), topic, groupId, logger })
await feed.run(async (batch) => {
  const line: WorkerLine = { took: batch.length }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  await new Promise(() => {})
}, never)
