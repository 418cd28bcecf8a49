import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { z } from 'zod'
import { openKafkaFeed } from '#adapters/kafka/feed.ts'
import { type KafkaConnection, parseKafkaUrl } from '#adapters/kafka/connection.ts'
import { openKafkaPublisher } from '#adapters/kafka/publisher.ts'
import { ensureTopic } from '#adapters/kafka/topic.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { fillLog } from '#bench/fill-log.ts'
import { relayStream } from '#events/stream-names.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import { allProjections } from '#projections/all-projections.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { Relay } from '#relay/relay.ts'

/**
 * From a log in SQLite through a real Kafka to read models in SQLite, each step beside the bare kafkajs doing the same
 * with the same messages. A process of its own; prints one line of JSON, all figures in events per second.
 */

const settings = z.object({ url: z.string(), events: z.number().int().positive() })

const partitions = 12
const sendEvents = 500
const silent = { debug() {}, info() {}, warn() {}, error() {} }

async function measure(given: z.infer<typeof settings>) {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-bench-relay-'))
  try {
    await using store = await openSqliteEventStore({ folder })
    await fillLog(store, given.events)
    const broker = connectionOf(given.url)
    const bareTopic = await newTopic(broker)
    const topic = await newTopic(broker)
    const all = await everything(store)
    const events = all.length
    const produced = await bareProducer(broker, bareTopic, all)
    const relayed = await relay(store, broker, { topic, events })
    const consumed = await bareConsumer(broker, { topic: bareTopic, events })
    const projected = await project(store, broker, { topic, events, folder })
    return { produced, relayed, consumed, projected }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Broker = { readonly connection: KafkaConnection; readonly bare: Kafka }
type Load = { readonly topic: string; readonly events: number }

function connectionOf(url: string): Broker {
  const connection = parseKafkaUrl(url)
  if ('problem' in connection) throw new Error(connection.problem)
  const brokers = [...connection.brokers]
  return { connection, bare: new Kafka({ brokers, logLevel: logLevel.NOTHING }) }
}

async function newTopic({ connection }: Broker): Promise<string> {
  const topic = `bench-${randomUUID()}`
  await ensureTopic({ connection, topic, partitions, replicationFactor: 1, logger: silent })
  return topic
}

async function everything(store: Pick<EventStore, 'readAll'>): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = []
  for (;;) {
    const page = await store.readAll(events.at(-1)?.position, 1_000)
    if (page.length === 0) return events
    events.push(...page)
  }
}

/** One producer, one send at a time, as safe as ours. */
async function bareProducer(
  { bare }: Broker,
  topic: string,
  events: readonly StoredEvent[],
): Promise<number> {
  const producer = bare.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const begun = performance.now()
  for (let from = 0; from < events.length; from += sendEvents) {
    const messages = events
      .slice(from, from + sendEvents)
      .map(({ stream, json, type, revision }) => ({
        key: stream,
        value: json,
        headers: { type, revision: revision.toString() },
      }))
    await producer.send({ topic, acks: -1, messages })
  }
  const perSecond = rate(events.length, begun)
  await producer.disconnect()
  return perSecond
}

async function relay(store: EventStore, { connection }: Broker, { topic, events }: Load) {
  await using publisher = await openKafkaPublisher({ connection, topic, logger: silent })
  const lease = { store, clock: systemClock, holder: randomUUID(), stream: relayStream }
  const own = new Relay({ ...lease, publisher, logger: silent })
  const stop = new AbortController()
  const begun = performance.now()
  const ended = own.run(stop.signal)
  while (own.state.published < events) await sleep(2)
  const perSecond = rate(events, begun)
  stop.abort()
  await ended
  return perSecond
}

async function bareConsumer({ bare }: Broker, { topic, events }: Load): Promise<number> {
  const consumer = bare.consumer({ groupId: `bench-${randomUUID()}`, maxWaitTimeInMs: 250 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let [seen, begun] = [0, 0]
  const done = Promise.withResolvers<void>()
  await consumer.run({
    eachBatch: async ({ batch }) => {
      if (seen === 0) begun = performance.now()
      seen += batch.messages.length
      if (seen >= events) done.resolve()
    },
  })
  await done.promise
  const perSecond = rate(events, begun)
  await consumer.disconnect()
  return perSecond
}

async function project(
  store: EventStore,
  { connection }: Broker,
  { topic, events, folder }: Load & { readonly folder: string },
): Promise<number> {
  await using writer = await openSqliteReadModelWriter({ path: join(folder, 'read-models.db') })
  const projector = createProjector({
    projections: allProjections,
    writer,
    store,
    logger: silent,
  })
  const feed = openKafkaFeed({
    connection,
    topic,
    groupId: `bench-${randomUUID()}`,
    logger: silent,
  })
  const stop = new AbortController()
  let [seen, begun] = [0, 0]
  await projector.run(
    {
      run: (handler, signal) =>
        feed.run(async (batch) => {
          if (seen === 0) begun = performance.now()
          await handler(batch)
          seen += batch.length
          if (seen >= events) stop.abort()
        }, signal),
    },
    stop.signal,
  )
  return rate(events, begun)
}

function rate(events: number, begunMs: number): number {
  return (events * 1000) / (performance.now() - begunMs)
}

const figures = await measure(settings.parse(JSON.parse(process.argv[2] ?? '{}')))
process.stdout.write(`${JSON.stringify(figures)}\n`)
