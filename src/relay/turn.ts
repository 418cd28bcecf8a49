import { setTimeout as sleep } from 'node:timers/promises'
import { ledgerOfStream } from '#events/stream-names.ts'
import type { EventPublisher } from '#ports/event-publisher.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import type { RelayLimits } from '#relay/limits.ts'
import { isPassing, patiently, unlessAborted } from '#relay/patiently.ts'
import { type RelayLease, RelayLost } from '#relay/relay-lease.ts'

export type TurnParts = {
  readonly store: Pick<EventStore, 'readAll'>
  readonly publisher: Pick<EventPublisher, 'publish'>
  readonly logger: Logger
  /** Resolves after `delayMs`, or sooner where there may be something new, and soon after the abort. Never rejects. */
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<void>
  readonly limits: RelayLimits
}

/** The time for which a relay is the active one: sends the log on, and stores how far it has come. */
export class Turn {
  published = 0
  readonly #parts: TurnParts
  readonly #lease: RelayLease
  readonly #over = new AbortController()
  #acknowledged: bigint | undefined
  #sending = false

  constructor(parts: TurnParts, lease: RelayLease) {
    this.#parts = parts
    this.#lease = lease
    this.#acknowledged = lease.position
  }

  get epoch(): bigint {
    return this.#lease.epoch
  }

  /** Up to here the broker has acknowledged everything. */
  get acknowledged(): bigint | undefined {
    return this.#acknowledged
  }

  /** Resolves once it is somebody else's turn, or soon after the signal aborts. @throws only on a bug. */
  async run(signal: AbortSignal): Promise<void> {
    const turn = AbortSignal.any([signal, this.#over.signal])
    const stop = () => void this.#endSoon()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    try {
      await bothOf(
        this.#ending(turn, () => this.#sendAll(turn)),
        this.#ending(turn, () => this.#keep()),
      )
    } finally {
      signal.removeEventListener('abort', stop)
    }
    if (signal.aborted) await this.#handOver()
  }

  /** What is being sent may still be acknowledged: then the next relay need not send it again. */
  async #endSoon(): Promise<void> {
    const { signal } = this.#over
    await sleep(this.#parts.limits.handOverMs, undefined, { signal }).catch(() => {})
    this.#over.abort()
  }

  /** Neither half goes on without the other. */
  async #ending(turn: AbortSignal, half: () => Promise<void>): Promise<void> {
    try {
      await half()
    } catch (error) {
      if (!turn.aborted && !(error instanceof RelayLost)) throw error
    } finally {
      this.#over.abort()
    }
  }

  /** Page by page; where more is there already, the next one is read while one is sent. */
  async #sendAll(turn: AbortSignal): Promise<void> {
    const { waitFirstMs, waitMaxMs, pageEvents } = this.#parts.limits
    let after = this.#acknowledged
    let waitMs = waitFirstMs
    let page = await this.#page(after, turn)
    while (!turn.aborted) {
      after = page.at(-1)?.position ?? after
      const next = page.length < pageEvents ? undefined : this.#page(after, turn)
      // Where sending fails, nobody asks for what was read ahead.
      next?.catch(() => {})
      await this.#send(page, turn)
      if (page.length === 0) await this.#wait(waitMs, turn)
      waitMs = page.length === 0 ? Math.min(2 * waitMs, waitMaxMs) : waitFirstMs
      page = await (next ?? this.#page(after, turn))
    }
  }

  async #send(page: readonly StoredEvent[], turn: AbortSignal): Promise<void> {
    const events = page.filter(({ stream }) => ledgerOfStream(stream) !== undefined)
    const last = events.at(-1)
    if (last === undefined) return
    if (this.#lease.unconfirmedMs > this.#parts.limits.leaseMs / 2)
      await this.#patiently(turn, () => this.#lease.advance(this.#acknowledged))
    turn.throwIfAborted()
    this.#sending = true
    await this.#parts.publisher.publish(events, this.#over.signal)
    this.#sending = false
    this.#acknowledged = last.position
    this.published += events.length
  }

  /** Stores progress and, while something is being sent, now and then that this relay lives. */
  async #keep(): Promise<void> {
    const { limits } = this.#parts
    const { signal } = this.#over
    for (;;) {
      await sleep(limits.checkpointIntervalMs, undefined, { signal }).catch(() => {})
      // Who slept through its lease sends nothing more before it has asked whose turn it is.
      if (signal.aborted || (this.#sending && this.#lease.unconfirmedMs > limits.leaseMs)) return
      const isQuiet = this.#sending && this.#lease.unconfirmedMs > limits.leaseMs / 2
      if (isQuiet || this.#acknowledged !== this.#lease.position) await this.#storeProgress()
    }
  }

  /** Once: where it fails, there is more to store the next time. */
  async #storeProgress(): Promise<void> {
    try {
      await unlessAborted(this.#lease.advance(this.#acknowledged), this.#over.signal)
    } catch (error) {
      if (!isPassing(error)) throw error
      this.#parts.logger.warn({ err: error }, 'the relay could not store its checkpoint')
    }
  }

  /** Lets a standby begin at once; where that fails, it begins when the lease has run out. */
  async #handOver(): Promise<void> {
    const signal = AbortSignal.timeout(this.#parts.limits.handOverMs)
    try {
      await this.#patiently(signal, () => this.#lease.release(this.#acknowledged))
    } catch (error) {
      if (!(error instanceof RelayLost))
        this.#parts.logger.warn({ err: error }, 'the relay could not hand over')
    }
  }

  #page(after: bigint | undefined, turn: AbortSignal): Promise<readonly StoredEvent[]> {
    const { store, limits } = this.#parts
    return this.#patiently(turn, () => store.readAll(after, limits.pageEvents))
  }

  async #wait(delayMs: number, turn: AbortSignal): Promise<void> {
    const { wait } = this.#parts
    if (wait !== undefined) return wait(delayMs, turn)
    await sleep(delayMs, undefined, { signal: turn }).catch(() => {})
  }

  #patiently<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return patiently({ ...this.#parts, signal }, work)
  }
}

/** Waits for both. @throws the first error. */
async function bothOf(one: Promise<void>, other: Promise<void>): Promise<void> {
  const ends = await Promise.allSettled([one, other])
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}
