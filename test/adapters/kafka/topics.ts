import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, type KafkaConfig, type KafkaMessage, logLevel } from 'kafkajs'
import { type KafkaConnection, parseKafkaUrl } from '#adapters/kafka/connection.ts'
import { partitionOf } from '#adapters/kafka/partitioner.ts'
import { ensureTopic } from '#adapters/kafka/topic.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { type EventFeed, FeedUnavailable } from '#ports/event-feed.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

export function connectionOf(url: string): KafkaConnection {
  const connection = parseKafkaUrl(url)
  if ('problem' in connection) throw new Error(connection.problem)
  return connection
}

/** A new topic with what every part of the adapter needs to use it, and the lines it logged. */
export async function aTopic(url: string, partitions = 1) {
  const connection = connectionOf(url)
  const { logger, lines } = recordingLogger()
  const topic = aNamespace()
  await ensureTopic({ connection, topic, partitions, replicationFactor: 1, logger })
  return { connection, topic, logger, lines, groupId: `${topic}-group` }
}

/** kafkajs as it comes, silent and quick to give up; a test says how it differs. */
export function plainKafka(url: string, config: Partial<KafkaConfig> = {}): Kafka {
  const retry = { initialRetryTime: 50, maxRetryTime: 200, retries: 5 }
  const { brokers } = connectionOf(url)
  return new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry, ...config })
}

export type Record = KafkaMessage & { readonly partition: number }

/** All that a topic holds, each partition's in order. */
export async function recordsOf(url: string, topic: string): Promise<readonly Record[]> {
  const kafka = plainKafka(url)
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const count = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  if (count === 0) return []
  const consumer = kafka.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const records: Record[] = []
  const { promise: all, resolve } = Promise.withResolvers<void>()
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      for (const message of batch.messages) records.push({ ...message, partition: batch.partition })
      if (records.length >= count) resolve()
    },
  })
  await all
  await consumer.disconnect()
  return records
}

export async function valuesOf(url: string, topic: string): Promise<readonly string[]> {
  return (await recordsOf(url, topic)).map(({ value }) => String(value))
}

/** Makes events of ledgers as a log holds them: positions grow over all, revisions in each ledger. */
export function aLog() {
  const revisions = new Map<string, bigint>()
  let position = 0n
  return {
    next(ledgerId: string, fields: Partial<StoredEvent> = {}): StoredEvent {
      const revision = revisions.get(ledgerId) ?? 0n
      revisions.set(ledgerId, revision + 1n)
      position += 3n
      const stream = ledgerStream(ledgerId)
      const json = JSON.stringify({
        correlationId: `c-${position}`,
        id: randomUUID(),
        revision: `${revision}`,
        schemaVersion: 1,
      })
      return { stream, revision, position, type: 'TransactionPosted', json, ...fields }
    },
    /** So many events, dealt to the ledgers in turn. */
    many(count: number, ledgerIds: readonly string[]): StoredEvent[] {
      return Array.from({ length: count }, (_, index) =>
        this.next(ledgerIds[index % ledgerIds.length] ?? ''),
      )
    },
  }
}

export const manyLedgers = (count: number) =>
  Array.from({ length: count }, (_, index) => `ledger-${index}`)

/** A ledger whose events go to that partition. */
export function ledgerIn(partition: number, partitions: number): string {
  const found = manyLedgers(1_000).find(
    (ledgerId) => partitionOf(ledgerId, partitions) === partition,
  )
  if (found === undefined) throw new Error(`no ledger for partition ${partition}`)
  return found
}

/**
 * What a projector makes of deliveries: per ledger, how far it got without a gap, and each place where an event came
 * that is neither the next one nor one already seen.
 */
export class Reader {
  readonly heads = new Map<string, bigint>()
  readonly gaps: string[] = []
  count = 0
  duplicates = 0

  take(events: readonly Pick<StoredEvent, 'stream' | 'revision'>[]): void {
    for (const { stream, revision } of events) {
      const next = (this.heads.get(stream) ?? -1n) + 1n
      this.count += 1
      if (revision < next) this.duplicates += 1
      else if (revision === next) this.heads.set(stream, revision)
      else this.gaps.push(`${stream} ${revision} after ${next - 1n}`)
    }
  }

  get distinct(): number {
    return this.heads.values().reduce((sum, head) => sum + Number(head) + 1, 0)
  }
}

/** A signal that nobody aborts. */
export const never = AbortSignal.any([])

/** As a projector follows a feed: one that is unavailable is run again. */
export function patient(feed: EventFeed): EventFeed {
  return {
    async run(handler, signal) {
      for (;;)
        try {
          return await feed.run(handler, signal)
        } catch (error) {
          if (!(error instanceof FeedUnavailable)) throw error
          await sleep(100)
        }
    },
  }
}
