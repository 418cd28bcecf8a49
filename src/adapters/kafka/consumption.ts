import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs'
import { type KafkaClient, kafkajsRetry, openClient } from '#adapters/kafka/client.ts'
import { brokerNames } from '#adapters/kafka/connection.ts'
import type { FeedLimits } from '#adapters/kafka/feed-limits.ts'
import { eventOf } from '#adapters/kafka/message.ts'
import type { TopicParts } from '#adapters/kafka/topic.ts'
import { within } from '#adapters/kafka/within.ts'
import { type FeedHandler, FeedUnavailable } from '#ports/event-feed.ts'
import type { StoredEvent } from '#ports/event-store.ts'

/** Workers of one group share the topic's partitions; each projection version has its own group. */
export type Group = TopicParts & { readonly groupId: string }

/** `delivered` events in `batches`; `skipped` records that were none of ours or damaged; `runs` that were begun. */
export type FeedCounters = { delivered: number; batches: number; skipped: number; runs: number }

export type ConsumptionParts = Group & {
  readonly limits: FeedLimits
  readonly counters: FeedCounters
  readonly handler: FeedHandler
}

/** One run of a feed: a consumer from joining its group to leaving it. */
export class Consumption {
  readonly #parts: ConsumptionParts
  readonly #client: KafkaClient
  readonly #consumer: Consumer
  readonly #end = Promise.withResolvers<void>()
  /** No batch is begun any more. */
  #over = false
  /** After a failed commit or heartbeat nothing is begun of what was fetched before it: it may be others' by now. */
  #stale = false
  #handler: Promise<unknown> | undefined
  /** What the handler threw, whatever it was. */
  #failure: { readonly error: unknown } | undefined
  /** The handler's work and its commit. */
  #inHand: Promise<void> | undefined
  #heardAt = performance.now()

  constructor(parts: ConsumptionParts) {
    const { connection, logger, groupId, limits } = parts
    this.#parts = parts
    this.#client = openClient(connection, logger)
    this.#consumer = this.#client.kafka.consumer({
      groupId,
      allowAutoTopicCreation: false,
      maxBytes: limits.fetchBytes,
      maxBytesPerPartition: limits.partitionBytes,
      maxWaitTimeInMs: limits.fetchWaitMs,
      sessionTimeout: limits.sessionTimeoutMs,
      heartbeatInterval: limits.heartbeatMs,
      rebalanceTimeout: limits.rebalanceTimeoutMs,
      // The projector runs the feed again, with a consumer that is whole.
      retry: { ...kafkajsRetry, restartOnFailure: () => Promise.resolve(false) },
    })
  }

  /** Until the signal aborts. @throws {FeedUnavailable}, and what the handler throws. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#end.resolve()
    signal.addEventListener('abort', stop, { once: true })
    const watch = setInterval(() => this.#watch(), this.#parts.limits.silenceMs / 10)
    this.#listen()
    const started = this.#start().catch((error: unknown) => this.#fail(error))
    try {
      if (signal.aborted) stop()
      await this.#end.promise
    } finally {
      clearInterval(watch)
      signal.removeEventListener('abort', stop)
      this.#over = true
      await this.#handler
      await this.#leave(started)
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #start(): Promise<void> {
    const { limits, topic } = this.#parts
    const bounds = { what: 'connecting', timeoutMs: limits.connectTimeoutMs }
    await within(this.#consumer.connect(), bounds)
    // Without `fromBeginning`, a place that the broker no longer has would become its end.
    await within(this.#consumer.subscribe({ topics: [topic], fromBeginning: true }), bounds)
    if (this.#over) return
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => this.#eachBatch(payload),
    })
  }

  #listen(): void {
    const consumer = this.#consumer
    const heard = () => {
      this.#heardAt = performance.now()
    }
    consumer.on(consumer.events.FETCH, heard)
    consumer.on(consumer.events.GROUP_JOIN, heard)
    consumer.on(consumer.events.FETCH_START, () => {
      this.#stale = false
    })
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#fail(payload.error))
  }

  #watch(): void {
    const silentMs = performance.now() - this.#heardAt
    if (this.#handler === undefined && silentMs > this.#parts.limits.silenceMs)
      this.#fail(new Error(`no sign of the broker for ${Math.round(silentMs)} ms`))
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : 'failed'
    const name = `Kafka at ${brokerNames(this.#parts.connection)}`
    this.#end.reject(new FeedUnavailable(`${name}: ${message}`, { cause: error }))
  }

  /** kafkajs calls it for one partition at a time, and goes on with the next one's whatever came of it. */
  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    if (this.#over || this.#stale) return
    const work = this.#handle(payload)
    this.#inHand = work.catch(() => {})
    try {
      await work
    } catch (error) {
      this.#stale = true
      throw error
    } finally {
      this.#inHand = undefined
    }
  }

  /** Throws only kafkajs's errors, for it to join the group again. */
  async #handle(payload: EachBatchPayload): Promise<void> {
    const { messages, partition } = payload.batch
    for (const slice of slices(messages, this.#parts.limits.batchEvents)) {
      if (this.#over || !payload.isRunning() || payload.isStale()) return
      const handled = await this.#handOver(this.#eventsOf(slice, partition), payload)
      if (!handled) return
      await commit(payload, slice)
      await payload.heartbeat()
    }
  }

  /** False after the handler's error, which ends the run. */
  async #handOver(events: readonly StoredEvent[], payload: EachBatchPayload): Promise<boolean> {
    const { counters, handler, limits } = this.#parts
    if (events.length === 0) return true
    // A handler may wait long for a store; what a heartbeat fails of shows again at the next one that is waited for.
    const beating = setInterval(() => void payload.heartbeat().catch(() => {}), limits.heartbeatMs)
    const work = handler(events)
    this.#handler = work.catch(() => {})
    try {
      await work
      counters.delivered += events.length
      counters.batches += 1
      return true
    } catch (error) {
      this.#over = true
      this.#failure = { error }
      this.#end.resolve()
      return false
    } finally {
      this.#handler = undefined
      this.#heardAt = performance.now()
      clearInterval(beating)
    }
  }

  #eventsOf(messages: readonly KafkaMessage[], partition: number): readonly StoredEvent[] {
    return messages.flatMap((message) => eventOf(message) ?? this.#skip(message, partition))
  }

  /** Not an error of ours to stop for: the projector reads what it lacks from the event store. */
  #skip({ offset }: KafkaMessage, partition: number): [] {
    const { counters, logger, topic } = this.#parts
    counters.skipped += 1
    if (Number.isInteger(Math.log2(counters.skipped)))
      logger.warn(
        { topic, partition, offset, skipped: counters.skipped },
        'a record holds no event of ours, or a damaged one',
      )
    return []
  }

  /** Leaves the group, so that others get the partitions at once, and closes, all within bounds. */
  async #leave(started: Promise<void>): Promise<void> {
    const bounds = { what: 'leaving', timeoutMs: this.#parts.limits.closeTimeoutMs }
    // kafkajs leaves only a group that it has finished joining.
    await within(Promise.all([started, this.#inHand]), bounds).catch(() => {})
    await within(this.#consumer.disconnect(), bounds).catch(() => {})
    this.#client.discard()
  }
}

function* slices<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

async function commit(payload: EachBatchPayload, messages: readonly KafkaMessage[]): Promise<void> {
  const last = messages.at(-1)?.offset
  if (last === undefined) return
  payload.resolveOffset(last)
  const { topic, partition } = payload.batch
  const offset = (BigInt(last) + 1n).toString()
  const topics = [{ topic, partitions: [{ partition, offset }] }]
  await payload.commitOffsetsIfNecessary({ topics })
}
