import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { Kafka, logLevel } from 'kafkajs'
import { z } from 'zod'

/**
 * The limit of the way through Kafka: kafkajs alone, as it is, with the same messages. In a process of its own, which our
 * adapter has patched nothing in. Prints one line of JSON, in messages per second.
 */

const settings = z.object({
  brokers: z.array(z.string()),
  topic: z.string(),
  /** A file with a message on every line. */
  messages: z.string(),
})

const message = z.object({
  key: z.string(),
  value: z.string(),
  headers: z.record(z.string(), z.string()),
})

type Message = z.infer<typeof message>

const sendEvents = 500

async function measure({ brokers, topic, messages: path }: z.infer<typeof settings>) {
  const client = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  const messages = lines.map((line) => message.parse(JSON.parse(line)))
  const produced = await produce(client, topic, messages)
  const consumed = await consume(client, topic, messages.length)
  return { produced, consumed }
}

/** One producer, one send at a time, as safe as ours. */
async function produce(client: Kafka, topic: string, all: readonly Message[]): Promise<number> {
  const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const begun = performance.now()
  for (let from = 0; from < all.length; from += sendEvents)
    await producer.send({ topic, acks: -1, messages: all.slice(from, from + sendEvents) })
  const perSecond = rate(all.length, begun)
  await producer.disconnect()
  return perSecond
}

async function consume(client: Kafka, topic: string, count: number): Promise<number> {
  const consumer = client.consumer({ groupId: `bench-${randomUUID()}`, maxWaitTimeInMs: 250 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let [seen, begun] = [0, 0]
  const done = Promise.withResolvers<void>()
  await consumer.run({
    eachBatch: async ({ batch }) => {
      if (seen === 0) begun = performance.now()
      seen += batch.messages.length
      if (seen >= count) done.resolve()
    },
  })
  await done.promise
  const perSecond = rate(count, begun)
  await consumer.disconnect()
  return perSecond
}

function rate(count: number, begunMs: number): number {
  return (count * 1000) / (performance.now() - begunMs)
}

const figures = await measure(settings.parse(JSON.parse(process.argv[2] ?? '{}')))
process.stdout.write(`${JSON.stringify(figures)}\n`)
