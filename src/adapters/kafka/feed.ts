import { Consumption, type FeedCounters, type Group } from '#adapters/kafka/consumption.ts'
import { type FeedLimits, feedLimits } from '#adapters/kafka/feed-limits.ts'
import type { EventFeed } from '#ports/event-feed.ts'

export type KafkaFeedParts = Group & { readonly limits?: Partial<FeedLimits> }

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
