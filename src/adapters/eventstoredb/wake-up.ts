import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from '#adapters/eventstoredb/address.ts'
import type { Connection, Responses } from '#adapters/eventstoredb/connection.ts'
import { failureOf } from '#adapters/eventstoredb/failures.ts'
import type { EventStoreDbLimits } from '#adapters/eventstoredb/limits.ts'
import { subscriptionRequest } from '#adapters/eventstoredb/requests.ts'
import type { Logger } from '#ports/logger.ts'

/** Closing waits this long for a subscription that is only being asked for. */
const closeMsMax = 1_000

type Parts = {
  readonly address: Address
  readonly connection: Connection
  readonly prefixes: readonly string[]
  readonly limits: EventStoreDbLimits
  readonly logger: Logger
}

/**
 * Tells those who wait that something may be new, by a subscription from the log's end on. Nobody relies on it: it
 * may miss anything, and it is asked for again after an error as after an end, which the server may make without one.
 */
export class WakeUp {
  readonly #parts: Parts
  readonly #closed = new AbortController()
  readonly #waiting = new Set<() => void>()
  #running: Promise<void> | undefined
  #responses: Responses | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Resolves after `delayMs`, or sooner: when there may be something new, and at the abort. Never rejects. */
  readonly appended = async (delayMs: number, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return
    if (!this.#closed.signal.aborted) this.#running ??= this.#run()
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => resolve()
    const timer = setTimeout(wake, delayMs)
    signal.addEventListener('abort', wake)
    this.#waiting.add(wake)
    await promise
    this.#waiting.delete(wake)
    signal.removeEventListener('abort', wake)
    clearTimeout(timer)
  }

  async close(): Promise<void> {
    this.#closed.abort()
    this.#responses?.cancel()
    this.#wake()
    await Promise.race([this.#running, sleep(closeMsMax, undefined, { ref: false })])
  }

  async #run(): Promise<void> {
    const { resubscribeMinMs, resubscribeMaxMs } = this.#parts.limits
    let pauseMs = resubscribeMinMs
    while (!this.#closed.signal.aborted) {
      const heard = await this.#listen()
      pauseMs = heard ? resubscribeMinMs : Math.min(pauseMs * 2, resubscribeMaxMs)
      await this.#pause(pauseMs * (0.5 + Math.random() / 2))
    }
  }

  /** Until the subscription ends, however it does; whether it said anything. */
  async #listen(): Promise<boolean> {
    const { address, logger } = this.#parts
    let heard = false
    try {
      for await (const response of await this.#subscribe()) {
        heard = true
        // Confirmed: what was stored while nobody listened may be new, too.
        if (response.hasEvent() || response.hasConfirmation()) this.#wake()
      }
      logger.debug({}, 'the subscription to the event store ended, and is asked for again')
    } catch (error) {
      const failure = failureOf(error, address)
      logger.debug(
        { failure },
        'the subscription to the event store failed, and is asked for again',
      )
    }
    return heard
  }

  async #subscribe(): Promise<Responses> {
    const { connection, prefixes } = this.#parts
    this.#responses = await connection.read(subscriptionRequest(prefixes), { leader: false })
    if (this.#closed.signal.aborted) this.#responses.cancel()
    return this.#responses
  }

  async #pause(pauseMs: number): Promise<void> {
    try {
      await sleep(pauseMs, undefined, { signal: this.#closed.signal })
    } catch {
      // Closed meanwhile.
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}
