import type { StoredEvent } from '#ports/event-store.ts'

/** Where the relay sends the log to: a topic of a broker, keyed by ledger. */
export type EventPublisher = AsyncDisposable & {
  /**
   * Sends ledgers' events in the order given and resolves once the broker has acknowledged all of them durably. Tries
   * again for as long as it takes: what was sent may be there twice after a failure, but nothing is left out, and no
   * ledger's events come in another order than once in order and then again from an earlier one on. One call at a time.
   * @throws the signal's reason, once aborted; which of the events are there is then not known.
   */
  publish(events: readonly StoredEvent[], signal: AbortSignal): Promise<void>
  /** Rejects when the broker or its topic cannot serve. */
  check(): Promise<void>
}
