import { type EventFeed, FeedUnavailable } from '#ports/event-feed.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import type { ScheduledProcess, Tape } from '#test/support/scheduled-process.ts'

const feedFaults = ['none', 'lost before', 'lost after', 'goes back'] as const

/** The highest number on a tape that means a fault. */
export const feedFaultMax = feedFaults.length - 1

/**
 * A consumer's batches, whichever process consumes them just now: each delivery is a step of the world. As the tape says
 * the feed fails before or after the batch was handled, which then comes again, or goes back further still.
 */
export class ScheduledFeed {
  readonly #batches: readonly (readonly StoredEvent[])[]
  readonly #tape: Tape
  #next = 0

  constructor(batches: readonly (readonly StoredEvent[])[], tape: Tape) {
    this.#batches = batches
    this.#tape = tape
  }

  /** The feed as a process has it. It ends with the last batch, or when the signal aborts. */
  in(process: ScheduledProcess): EventFeed {
    return {
      run: async (handler, signal) => {
        for (;;) {
          const place = this.#next
          const batch = this.#batches[place]
          if (batch === undefined || signal.aborted) return
          const fault = feedFaults[this.#tape.next()] ?? 'none'
          await process.step(`is sent batch ${place}${fault === 'none' ? '' : `, ${fault}`}`)
          if (fault === 'lost before') throw new FeedUnavailable('the broker is away')
          await handler(batch)
          if (fault === 'lost after') throw new FeedUnavailable('its place in the group was lost')
          // Of two that were sent it, one that is told to end and the next, both say only that they are done with it.
          this.#next = fault === 'goes back' ? Math.max(0, place - 1) : place + 1
        }
      },
    }
  }
}
