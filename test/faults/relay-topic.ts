import type { Kafka } from 'kafkajs'
import { openClient } from '#adapters/kafka/client.ts'
import { partitionOf } from '#adapters/kafka/partitioner.ts'
import { prepareEventLog } from '#adapters/sqlite/event-log-file.ts'
import { openSqliteEventLogReading } from '#adapters/sqlite/event-log-reading.ts'
import { ledgerOfStream } from '#events/stream-names.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

/** A record as it lies on the topic. */
type Lying = { readonly ledgerId: string; readonly revision: bigint; readonly value: string }

export type TopicFindings = {
  /** What is not as the law says: nothing lost, nothing out of order, nothing changed. */
  readonly violations: readonly string[]
  readonly events: number
  readonly repeated: number
}

/**
 * Reads the whole topic and the whole log. The law: in each partition the first occurrences are the log's events of
 * its ledgers, byte for byte and in the log's order.
 */
export async function compareTopicWithLog(
  url: string,
  topic: string,
  logFolder: string,
): Promise<TopicFindings> {
  const partitions = await readTopic(url, topic)
  const log = (await readLog(logFolder)).map(asRecord)
  const violations = partitions.flatMap((lying, partition) => {
    const own = log.filter(({ ledgerId }) => partitionOf(ledgerId, partitions.length) === partition)
    return violationsOf(lying, own, partition)
  })
  const records = partitions.reduce((sum, lying) => sum + lying.length, 0)
  return { violations, events: log.length, repeated: records - log.length }
}

function violationsOf(lying: readonly Lying[], log: readonly Lying[], partition: number): string[] {
  const inOrder = [...new Set(lying.map(placeOf))]
  const values = new Map(log.map((each) => [placeOf(each), each.value]))
  const expected = log.map(placeOf)
  const differs = expected.findIndex((place, index) => place !== inOrder[index])
  return [
    ...(differs === -1 && expected.length === inOrder.length
      ? []
      : [
          `partition ${partition}: ${inOrder.length} of ${expected.length} events, ${inOrder[differs]} for ${expected[differs]}`,
        ]),
    ...lying
      .filter((each) => values.get(placeOf(each)) !== each.value)
      .map((each) => `partition ${partition}: ${placeOf(each)} is not what the log has`),
  ]
}

function placeOf({ ledgerId, revision }: Lying): string {
  return `${ledgerId} ${revision}`
}

function asRecord({ stream, revision, json }: StoredEvent): Lying {
  return { ledgerId: ledgerOfStream(stream) ?? '', revision, value: json }
}

async function readLog(folder: string): Promise<readonly StoredEvent[]> {
  using log = await openSqliteEventLogReading(await prepareEventLog(folder))
  const events: StoredEvent[] = []
  let page = await log.readAll(undefined, 1_000)
  while (page.length > 0) {
    events.push(...page.filter(({ stream }) => ledgerOfStream(stream) !== undefined))
    page = await log.readAll(page.at(-1)?.position, 1_000)
  }
  return events
}

/** Every partition from its beginning to where it ends now. */
async function readTopic(url: string, topic: string): Promise<readonly (readonly Lying[])[]> {
  const connection = { brokers: [new URL(url).host], clientId: 'test' }
  const client = openClient(connection, recordingLogger().logger)
  const ends = await endsOf(client.kafka, topic)
  const found: Lying[][] = ends.map(() => [])
  const consumer = client.kafka.consumer({ groupId: aNamespace() })
  const { promise: isRead, resolve } = Promise.withResolvers<void>()
  let left = ends.reduce((sum, end) => sum + end, 0)
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message: { key, value, headers } }) => {
      const revision = BigInt(headers?.['revision']?.toString() ?? '-1')
      const record = { ledgerId: key?.toString() ?? '', revision, value: value?.toString() ?? '' }
      found[partition]?.push(record)
      left -= 1
      if (left === 0) resolve()
    },
  })
  if (left > 0) await isRead
  await consumer.disconnect()
  client.discard()
  return found
}

async function endsOf(client: Kafka, topic: string): Promise<number[]> {
  const admin = client.admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  return offsets
    .toSorted((one, other) => one.partition - other.partition)
    .map(({ high, low }) => Number(high) - Number(low))
}
