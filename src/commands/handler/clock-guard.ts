import type { Clock } from '#ports/clock.ts'
import { epochMsOf, formatTimestamp, type Timestamp } from '#values/timestamps.ts'

// A laptop's night of sleep stops the monotonic clock and is no fault; a day is.
const jumpMsMax = 24 * 3_600_000
const aheadMsMax = 5 * 60_000

/** What the clock says for the next event, or why it is not believed. */
export type Reading = { readonly now: Timestamp } | { readonly distrust: string }

/**
 * Keeps a wrong clock out of history (decision 0006): it compares the wall clock with the monotonic one since the
 * last reading, and with the last event of the ledger.
 */
export class ClockGuard {
  readonly #clock: Clock
  #wall: number
  #monotonic: number
  /** The wall clock when an operator confirmed it. */
  #confirmed: number | undefined
  /** The furthest ahead of all last events that were refused. */
  #furthestAhead: Timestamp = ''

  constructor(clock: Clock) {
    this.#clock = clock
    this.#wall = clock.now()
    this.#monotonic = clock.monotonic()
  }

  /** The time for an event that follows one recorded at `last` ('' for none): never before it. */
  read(last: Timestamp): Reading {
    const wall = this.#clock.now()
    const monotonic = this.#clock.monotonic()
    if (this.#ranAhead(wall, monotonic))
      return { distrust: 'the wall clock ran ahead of the monotonic clock by more than a day' }
    this.#wall = wall
    this.#monotonic = monotonic
    const now = formatTimestamp(wall)
    if (now === undefined) return { distrust: 'the wall clock is outside the years 0000 to 9999' }
    if (last <= now) return { now }
    if (!this.#isFarAhead(last, wall)) return { now: last }
    if (last > this.#furthestAhead) this.#furthestAhead = last
    return { distrust: `the last event was recorded at ${last}, far ahead of the wall clock` }
  }

  /** Whether nothing that was ever asked about would be refused now. */
  isBelieved(): boolean {
    const wall = this.#clock.now()
    if (this.#ranAhead(wall, this.#clock.monotonic())) return false
    return formatTimestamp(wall) !== undefined && !this.#isFarAhead(this.#furthestAhead, wall)
  }

  /** An operator says that the clock is right and so is the log; holds until the clock is set back again. */
  confirm(): void {
    this.#wall = this.#clock.now()
    this.#monotonic = this.#clock.monotonic()
    this.#confirmed = this.#wall
  }

  #ranAhead(wall: number, monotonic: number): boolean {
    return wall - this.#wall - (monotonic - this.#monotonic) > jumpMsMax
  }

  #isFarAhead(last: Timestamp, wall: number): boolean {
    return last !== '' && epochMsOf(last) - wall > aheadMsMax && !this.#isConfirmed(wall)
  }

  #isConfirmed(wall: number): boolean {
    if (this.#confirmed !== undefined && wall < this.#confirmed - aheadMsMax)
      this.#confirmed = undefined
    return this.#confirmed !== undefined
  }
}
