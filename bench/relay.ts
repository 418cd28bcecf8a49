import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { openKafkaFeed } from '#adapters/kafka/feed.ts'
import { type KafkaConnection, parseKafkaUrl } from '#adapters/kafka/connection.ts'
import { openKafkaPublisher } from '#adapters/kafka/publisher.ts'
import { ensureTopic } from '#adapters/kafka/topic.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { fillLog } from '#bench/fill-log.ts'
import { run } from '#bench/processes.ts'
import { relayStream } from '#events/stream-names.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import { allProjections } from '#projections/all-projections.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { Relay } from '#relay/relay.ts'

/**
 * From a log in SQLite through a real Kafka to read models in SQLite, each step beside the bare kafkajs doing the same
 * with the same messages. A process of its own; prints one line of JSON: how many events there were, and the other
 * figures in events per second.
 */

const settings = z.object({ url: z.string(), events: z.number().int().positive() })

const bareFigures = z.object({ produced: z.number(), consumed: z.number() })

const partitions = 12
const silent = { debug() {}, info() {}, warn() {}, error() {} }

async function measure(given: z.infer<typeof settings>) {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-bench-relay-'))
  try {
    await using store = await openSqliteEventStore({ folder })
    await fillLog(store, given.events)
    const connection = connectionOf(given.url)
    const all = await everything(store)
    const events = all.length
    const messages = join(folder, 'messages.ndjson')
    await writeFile(messages, all.map((event) => `${JSON.stringify(messageOf(event))}\n`).join(''))
    const bareTopic = await newTopic(connection)
    const topic = await newTopic(connection)
    const asked = JSON.stringify({ brokers: connection.brokers, topic: bareTopic, messages })
    const { produced, consumed } = bareFigures.parse(
      JSON.parse(await run('bench/bare-kafka.ts', [asked])),
    )
    const relayed = await relay(store, connection, { topic, events })
    const projected = await project(store, connection, { topic, events, folder })
    return { events, produced, relayed, consumed, projected }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Load = { readonly topic: string; readonly events: number }

function connectionOf(url: string): KafkaConnection {
  const connection = parseKafkaUrl(url)
  if ('problem' in connection) throw new Error(connection.problem)
  return connection
}

async function newTopic(connection: KafkaConnection): Promise<string> {
  const topic = `bench-${randomUUID()}`
  await ensureTopic({ connection, topic, partitions, replicationFactor: 1, logger: silent })
  return topic
}

function messageOf({ stream, json, type, revision }: StoredEvent) {
  return { key: stream, value: json, headers: { type, revision: revision.toString() } }
}

async function everything(store: Pick<EventStore, 'readAll'>): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = []
  for (;;) {
    const page = await store.readAll(events.at(-1)?.position, 1_000)
    if (page.length === 0) return events
    events.push(...page)
  }
}

async function relay(store: EventStore, connection: KafkaConnection, { topic, events }: Load) {
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

async function project(
  store: EventStore,
  connection: KafkaConnection,
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
