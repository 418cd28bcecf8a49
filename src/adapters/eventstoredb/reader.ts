import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { Address } from '#adapters/eventstoredb/address.ts'
import type { CallOptions, Connection, Responses } from '#adapters/eventstoredb/connection.ts'
import { failureOf, readFailure } from '#adapters/eventstoredb/failures.ts'
import type { EventStoreDbLimits } from '#adapters/eventstoredb/limits.ts'
import {
  allRequest,
  lastOfAllRequest,
  lastOfEverythingRequest,
  lastRequest,
  streamRequest,
} from '#adapters/eventstoredb/requests.ts'
import { isSystemEvent, storedEvent } from '#adapters/eventstoredb/stored-events.ts'
import type { ExpectedRevision, StoredEvent } from '#ports/event-store.ts'

export type ReaderParts = {
  readonly address: Address
  readonly connection: Connection
  readonly streamPrefix: string
  readonly prefixes: readonly string[]
  readonly limits: EventStoreDbLimits
}

type Page = {
  readonly request: ReadReq
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
}

/** Reads with a deadline each, and answered by the leader alone: what was acknowledged is seen. */
export class Reader {
  readonly #parts: ReaderParts

  constructor(parts: ReaderParts) {
    this.#parts = parts
  }

  async readStream(stream: string, from: bigint, limit: number): Promise<readonly StoredEvent[]> {
    const request = streamRequest(this.#nameOf(stream), from, this.#count(limit))
    const { events } = await this.#page({ request, deadlineMs: this.#parts.limits.readDeadlineMs })
    return events
  }

  async head(stream: string): Promise<ExpectedRevision> {
    const request = lastRequest(this.#nameOf(stream))
    const { events } = await this.#page({ request, deadlineMs: this.#parts.limits.readDeadlineMs })
    return events[0]?.revision ?? 'no-stream'
  }

  /** The server's page begins with the event at `after` itself; and it may hold only what we leave out. */
  async readAll(
    after: bigint | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly StoredEvent[]> {
    const { limits, prefixes } = this.#parts
    for (let from = after; ; ) {
      const count = this.#count(limit) + (from === undefined ? 0 : 1)
      const page = {
        request: allRequest(prefixes, from, count),
        deadlineMs: limits.readAllDeadlineMs,
        signal,
      }
      const { events, last } = await this.#page(page, after)
      if (events.length > 0 || last === undefined || last === from) return events
      from = last
    }
  }

  async end(signal?: AbortSignal): Promise<bigint | undefined> {
    const { limits, prefixes } = this.#parts
    const request = lastOfAllRequest(prefixes)
    const { last } = await this.#page({ request, deadlineMs: limits.readAllDeadlineMs, signal })
    return last
  }

  /** Whether the server answers and lets us read all streams. */
  async check(): Promise<void> {
    const options = { deadlineMs: this.#parts.limits.readDeadlineMs, leader: true }
    for await (const _ of this.#responses(lastOfEverythingRequest(), options)) return
  }

  #nameOf(stream: string): string {
    return `${this.#parts.streamPrefix}${stream}`
  }

  #count(limit: number): number {
    return Math.min(limit, this.#parts.limits.pageEventsMax)
  }

  /** The events after a position, up to the page's size, and the position of the last one read. */
  async #page({ request, deadlineMs, signal }: Page, after = -1n) {
    const { limits, streamPrefix } = this.#parts
    const events: StoredEvent[] = []
    let last: bigint | undefined
    let bytes = 0
    for await (const response of this.#responses(request, { deadlineMs, leader: true }, signal)) {
      const event = storedEvent(response, streamPrefix)
      if (event === undefined) continue
      last = event.position
      if (event.position <= after || isSystemEvent(event)) continue
      events.push(event)
      bytes += event.json.length
      if (bytes >= limits.pageBytesMax) break
    }
    return { events, last }
  }

  async *#responses(
    request: ReadReq,
    options: CallOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<ReadResp> {
    const { address, connection } = this.#parts
    let responses: Responses | undefined
    const cancel = () => responses?.cancel()
    signal?.addEventListener('abort', cancel)
    try {
      responses = await unlessAborted(connection.read(request, options), signal)
      yield* responses
    } catch (error) {
      signal?.throwIfAborted()
      throw readFailure(address, failureOf(error, address))
    } finally {
      signal?.removeEventListener('abort', cancel)
      cancel()
    }
  }
}

/** Looking for a node can't be cancelled: what is found too late is let go. @throws the signal's reason. */
async function unlessAborted(
  opening: Promise<Responses>,
  signal: AbortSignal | undefined,
): Promise<Responses> {
  if (signal === undefined) return opening
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const stop = () => {
    reject(signal.reason)
    opening.then((late) => late.cancel()).catch(() => {})
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([opening, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
