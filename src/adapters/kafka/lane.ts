import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, Producer } from 'kafkajs'
import { type KafkaClient, openClient } from '#adapters/kafka/client.ts'
import { messageOf, messageOverheadBytes } from '#adapters/kafka/message.ts'
import type { TopicParts } from '#adapters/kafka/topic.ts'
import { within } from '#adapters/kafka/within.ts'
import type { StoredEvent } from '#ports/event-store.ts'

/** The publisher's bounds, each a maximum; tests make them small. */
export type PublisherLimits = {
  /** Records in one request. */
  readonly chunkEvents: number
  /** Bytes of one request, but for a single event that is larger; a broker takes 1 MiB by default. */
  readonly chunkBytes: number
  readonly connectTimeoutMs: number
  /** After this the outcome of a send is taken for unknown. */
  readonly sendTimeoutMs: number
  readonly closeTimeoutMs: number
  readonly retryDelayFirstMs: number
  readonly retryDelayMaxMs: number
}

export const publisherLimits: PublisherLimits = {
  chunkEvents: 500,
  chunkBytes: 900 * 1024,
  connectTimeoutMs: 20_000,
  sendTimeoutMs: 30_000,
  closeTimeoutMs: 2_000,
  retryDelayFirstMs: 100,
  retryDelayMaxMs: 5_000,
}

/** Since the publisher was opened: events acknowledged by the broker, and sends or connects that failed and were tried again. */
export type PublisherCounters = { published: number; retries: number }

export type LaneParts = TopicParts & {
  readonly partition: number
  readonly limits: PublisherLimits
  readonly counters: PublisherCounters
}

type Connected = { readonly client: KafkaClient; readonly producer: Producer }

/** The broker itself waits no longer for its replicas. */
const replicasTimeoutMs = 15_000

/**
 * The one way into a partition: a producer of its own with one send under way. A producer that saw an error is thrown
 * away: kafkajs would give its next batch the numbers of the failed one, and the broker would take it for a repetition
 * and drop it. The identical chunk goes out again through a new one, and nothing later before it is acknowledged.
 */
export class Lane {
  readonly #parts: LaneParts
  #connected: Connected | undefined

  constructor(parts: LaneParts) {
    this.#parts = parts
  }

  /** Sends in order, resolves when all is acknowledged. One call at a time. @throws the signal's reason. */
  async publish(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    const { limits, counters, partition } = this.#parts
    for (const chunk of chunksOf(events, limits)) {
      const messages = chunk.map((event) => messageOf(event, partition))
      await this.#send(messages, signal)
      counters.published += chunk.length
    }
  }

  async close(): Promise<void> {
    const connected = this.#connected
    this.#connected = undefined
    if (connected === undefined) return
    const { closeTimeoutMs: timeoutMs } = this.#parts.limits
    await within(connected.producer.disconnect(), { what: 'closing', timeoutMs }).catch(() => {})
    connected.client.discard()
  }

  async #send(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted()
      try {
        await this.#sendOnce(messages, signal)
        if (attempt > 1) this.#recovered(attempt)
        return
      } catch (error) {
        this.#throwAway()
        signal.throwIfAborted()
        this.#failed(error, attempt)
      }
      await sleep(this.#delayMs(attempt), undefined, { signal })
    }
  }

  async #sendOnce(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    const { topic, limits } = this.#parts
    this.#connected ??= this.#open()
    const { producer } = this.#connected
    const timeoutMs = limits.connectTimeoutMs
    // Connecting again is free where it is connected.
    await within(producer.connect(), { what: 'connecting', timeoutMs, signal })
    const work = producer.send({
      topic,
      messages: [...messages],
      acks: -1,
      timeout: replicasTimeoutMs,
    })
    await within(work, { what: 'sending', timeoutMs: limits.sendTimeoutMs, signal })
  }

  #open(): Connected {
    const { connection, logger } = this.#parts
    const client = openClient(connection, logger)
    const producer = client.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: () => () => this.#parts.partition,
    })
    return { client, producer }
  }

  #throwAway(): void {
    this.#connected?.client.discard()
    this.#connected = undefined
  }

  /** Said at the first failure, then less and less often. */
  #failed(error: unknown, attempt: number): void {
    const { counters, logger, topic, partition } = this.#parts
    counters.retries += 1
    const level = Number.isInteger(Math.log2(attempt)) ? 'warn' : 'debug'
    logger[level]({ err: error, topic, partition, attempt }, 'publishing failed and is tried again')
  }

  #recovered(attempts: number): void {
    const { logger, topic, partition } = this.#parts
    logger.info({ topic, partition, attempts }, 'publishing goes on')
  }

  #delayMs(attempt: number): number {
    const { retryDelayFirstMs, retryDelayMaxMs } = this.#parts.limits
    const delayMs = Math.min(retryDelayFirstMs * 2 ** (attempt - 1), retryDelayMaxMs)
    return delayMs * (0.5 + Math.random() / 2)
  }
}

/** Cuts into pieces that fit a request, keeping the order. */
export function* chunksOf(
  events: readonly StoredEvent[],
  { chunkEvents, chunkBytes }: Pick<PublisherLimits, 'chunkEvents' | 'chunkBytes'>,
): Generator<readonly StoredEvent[]> {
  let chunk: StoredEvent[] = []
  let bytes = 0
  for (const event of events) {
    const size = Buffer.byteLength(event.json) + messageOverheadBytes
    if (chunk.length > 0 && (chunk.length === chunkEvents || bytes + size > chunkBytes)) {
      yield chunk
      chunk = []
      bytes = 0
    }
    chunk.push(event)
    bytes += size
  }
  if (chunk.length > 0) yield chunk
}
