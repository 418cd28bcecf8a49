import { Consumption } from '#adapters/kafka/consumption.ts'
import type { TopicParts } from '#adapters/kafka/topic.ts'
import type { EventFeed } from '#ports/event-feed.ts'

/** The feed's bounds, each a maximum; tests make them small. */
export type FeedLimits = {
  /** Events handed over at once. */
  readonly batchEvents: number
  /** Bytes fetched at once, of all partitions and of one. */
  readonly fetchBytes: number
  readonly partitionBytes: number
  /** How long the broker may keep a fetch open when there is nothing new. */
  readonly fetchWaitMs: number
  /** A worker that isn't heard of for so long loses its partitions. */
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  /** How long a rebalance waits for a worker that is busy with a batch. */
  readonly rebalanceTimeoutMs: number
  /** Without a sign of the broker for so long, while no batch is in hand, the run fails. */
  readonly silenceMs: number
  readonly connectTimeoutMs: number
  /** For leaving the group and closing. */
  readonly closeTimeoutMs: number
}

const feedLimits: FeedLimits = {
  batchEvents: 1_000,
  fetchBytes: 4 * 1024 * 1024,
  partitionBytes: 1024 * 1024,
  fetchWaitMs: 250,
  sessionTimeoutMs: 10_000,
  heartbeatMs: 3_000,
  rebalanceTimeoutMs: 20_000,
  silenceMs: 60_000,
  connectTimeoutMs: 30_000,
  closeTimeoutMs: 5_000,
}

/** `delivered` events in `batches`; `skipped` records that were none of ours or damaged; `runs` that were begun. */
export type FeedCounters = { delivered: number; batches: number; skipped: number; runs: number }

export type KafkaFeedParts = TopicParts & {
  /** Workers of one group share the partitions; each projection version has its own group. */
  readonly groupId: string
  readonly limits?: Partial<FeedLimits>
}

/** A feed that also tells what it did since it was opened. */
export type KafkaFeed = EventFeed & { counters(): Readonly<FeedCounters> }

/**
 * The topic as a feed: each run joins the consumer group afresh and goes on after the last batch that was handled. It
 * holds nothing between runs, so there is nothing to close.
 */
export function openKafkaFeed(parts: KafkaFeedParts): KafkaFeed {
  const limits = { ...feedLimits, ...parts.limits }
  const counters: FeedCounters = { delivered: 0, batches: 0, skipped: 0, runs: 0 }
  return {
    async run(handler, signal) {
      if (signal.aborted) return
      counters.runs += 1
      await new Consumption({ ...parts, limits, counters, handler }).run(signal)
    },
    counters: () => ({ ...counters }),
  }
}
