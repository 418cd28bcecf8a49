import {
  Lane,
  type PublisherCounters,
  type PublisherLimits,
  publisherLimits,
} from '#adapters/kafka/lane.ts'
import { partitionOf } from '#adapters/kafka/partitioner.ts'
import { partitionCount, type TopicParts } from '#adapters/kafka/topic.ts'
import { ledgerOfStream } from '#events/stream-names.ts'
import type { EventPublisher } from '#ports/event-publisher.ts'
import type { StoredEvent } from '#ports/event-store.ts'

export type KafkaPublisherParts = TopicParts & { readonly limits?: Partial<PublisherLimits> }

/** A publisher that also tells what it did since it was opened. */
export type KafkaPublisher = EventPublisher & { counters(): Readonly<PublisherCounters> }

/**
 * Publishes to an existing topic, one lane per partition, connected when first used. The events' streams have to be
 * ledgers': the caller leaves out the program's own. Holds the messages of one request per partition, no more.
 * @throws where the topic or the broker isn't there.
 */
export async function openKafkaPublisher(parts: KafkaPublisherParts): Promise<KafkaPublisher> {
  const partitions = await partitionCount(parts)
  return publisherOver(parts, partitions)
}

function publisherOver(parts: KafkaPublisherParts, partitions: number): KafkaPublisher {
  const limits = { ...publisherLimits, ...parts.limits }
  const counters: PublisherCounters = { published: 0, retries: 0 }
  const lanes = Array.from(
    { length: partitions },
    (_, partition) => new Lane({ ...parts, partition, limits, counters }),
  )
  const closing = new AbortController()
  let publishing = false
  return {
    async publish(events, signal) {
      if (publishing) throw new Error('a publisher takes one call at a time')
      publishing = true
      try {
        await publishAll(lanes, events, AbortSignal.any([signal, closing.signal]))
      } finally {
        publishing = false
      }
    },
    async check() {
      const now = await partitionCount(parts)
      if (now === partitions) return
      throw new Error(
        `topic ${parts.topic} has ${now} partitions and had ${partitions} when it was opened`,
      )
    },
    counters: () => ({ ...counters }),
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('the publisher is closed'))
      await Promise.all(lanes.map((lane) => lane.close()))
    },
  }
}

/** Resolves or rejects only when every lane is idle. */
async function publishAll(
  lanes: readonly Lane[],
  events: readonly StoredEvent[],
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const byPartition = Map.groupBy(events, ({ stream }) => laneOf(stream, lanes.length))
  const ends = await Promise.allSettled(
    [...byPartition].map(async ([partition, own]) => lanes[partition]?.publish(own, signal)),
  )
  signal.throwIfAborted()
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

function laneOf(stream: string, partitions: number): number {
  const ledgerId = ledgerOfStream(stream)
  if (ledgerId === undefined) throw new Error(`the stream ${stream} holds no ledger`)
  return partitionOf(ledgerId, partitions)
}
