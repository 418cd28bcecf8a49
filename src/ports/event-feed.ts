import type { StoredEvent } from '#ports/event-store.ts'

/** Handles one batch; once it resolves, the feed need not deliver these events again. */
export type FeedHandler = (batch: readonly StoredEvent[]) => Promise<void>

/** The feed can't deliver now (its broker is away, its place in a group was lost); run again, it goes on. */
export class FeedUnavailable extends Error {
  override readonly name = 'FeedUnavailable'
}

/**
 * What projectors consume: events of ledgers, each ledger's in order of revision, at least once. A feed may repeat and
 * may leave out (a broker lost them); it never reorders within a ledger on purpose. Nobody relies on it for correctness.
 */
export type EventFeed = {
  /**
   * Delivers bounded batches, one at a time, until the signal aborts. A handler's error is thrown on after nothing was acknowledged.
   * @throws {FeedUnavailable}
   */
  run(handler: FeedHandler, signal: AbortSignal): Promise<void>
}
