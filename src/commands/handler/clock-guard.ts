import type { Clock, ClockMark } from '#ports/clock.ts'
import { epochMsOf, formatTimestamp, type Timestamp } from '#values/timestamps.ts'

// A night of sleep may stop the monotonic clock and is no fault; a day is.
const jumpMsMax = 24 * 3_600_000
const aheadMsMax = 5 * 60_000

const ranAhead = 'the wall clock ran ahead of the monotonic clock by more than a day'
const ranAheadSinceMark =
  'the wall clock ran ahead of the time since the boot by more than a day since it was last believed'
const wasRefused = 'the wall clock was refused before this boot, and is not before that time again'

/** What the clock says for the next event, or why it is not believed. */
export type Reading = { readonly now: Timestamp } | { readonly distrust: string }

/** What a later process has to know of the clock. */
export type ClockStanding =
  | { readonly believed: ClockMark }
  | { readonly refusedFromMs: number; readonly distrust: string }

/** What the wall clock is compared with: how far ahead of the monotonic one it was, and what to say where that is too little. */
type Measure = { readonly aheadMs: number; readonly distrust: string }

/**
 * Keeps a wrong clock out of history (decisions 0006 and 0029): it compares the wall clock with the monotonic one, as far
 * ahead as it was believed to be, and with the last event of the ledger.
 */
export class ClockGuard {
  readonly #clock: Clock
  /** By how much the wall clock was ahead of the monotonic one, at the most, while it was believed. */
  #furthestMs: number
  /** The same when it was last believed, and the wall clock then. */
  #aheadMs: number
  #wall: number
  #distrust: string
  /** A moment of this boot when the clock was believed. */
  #mark: ClockMark | undefined
  /** What the wall clock said when it was found to have run ahead, for as long as it has. */
  #refusedFrom: number | undefined
  /** The wall clock when an operator confirmed it. */
  #confirmed: number | undefined
  /** The furthest ahead of all last events that were refused. */
  #furthestAhead: Timestamp = ''

  /** `mark` is what an earlier process left. */
  constructor(clock: Clock, mark?: ClockMark) {
    this.#clock = clock
    const { aheadMs, distrust } = firstMeasure(clock, mark)
    this.#furthestMs = aheadMs
    this.#aheadMs = aheadMs
    this.#wall = clock.now()
    this.#distrust = distrust
    if (passedSince(mark, clock) !== undefined) this.#mark = mark
  }

  /** The time for an event that follows one recorded at `last` ('' for none): never before it. */
  read(last: Timestamp): Reading {
    const wall = this.#clock.now()
    if (this.#ranAhead(wall)) return { distrust: this.#distrust }
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
    if (this.#ranAhead(wall)) return false
    return formatTimestamp(wall) !== undefined && !this.#isFarAhead(this.#furthestAhead, wall)
  }

  /** Undefined where a later process could not compare, or has nothing to learn from it. */
  stand(): ClockStanding | undefined {
    if (this.isBelieved()) {
      // A clock that has gone back may be wrong, and the mark before it is as good.
      if (this.#isBehind()) return undefined
      const boot = this.#clock.boot?.()
      this.#mark = boot && { wallMs: this.#wall, boot }
      return this.#mark && { believed: this.#mark }
    }
    return this.#refusedFrom === undefined
      ? undefined
      : { refusedFromMs: this.#refusedFrom, distrust: this.#distrust }
  }

  /** An operator says that the clock is right and so is the log; holds until the clock is set back again. */
  confirm(): void {
    this.#confirmed = this.#clock.now()
    const aheadMs = this.#confirmed - this.#clock.monotonic()
    this.#furthestMs = aheadMs
    this.#believe(this.#confirmed, aheadMs)
  }

  #ranAhead(wall: number): boolean {
    const aheadMs = wall - this.#clock.monotonic()
    // What had gone back may come again.
    if (aheadMs - this.#furthestMs > jumpMsMax && !this.#hasSlept(wall)) {
      this.#refusedFrom = Math.min(this.#refusedFrom ?? wall, wall)
      return true
    }
    this.#believe(wall, aheadMs)
    return false
  }

  /** The monotonic clock may stand still while the machine sleeps; the time since its boot goes on. */
  #hasSlept(wall: number): boolean {
    const mark = this.#mark
    const passedMs = passedSince(mark, this.#clock)
    return (
      mark !== undefined && passedMs !== undefined && wall - mark.wallMs - passedMs <= jumpMsMax
    )
  }

  #isBehind(): boolean {
    return this.#furthestMs - this.#aheadMs > aheadMsMax
  }

  #believe(wall: number, aheadMs: number): void {
    // What was refused before, or confirmed by mistake, is no measure for what comes after.
    const isUnconfirmed = this.#confirmed !== undefined && !this.#isConfirmed(wall)
    const isMeasure = this.#distrust !== wasRefused && !isUnconfirmed
    this.#furthestMs = isMeasure ? Math.max(this.#furthestMs, aheadMs) : aheadMs
    this.#aheadMs = aheadMs
    this.#wall = wall
    this.#distrust = ranAhead
    this.#refusedFrom = undefined
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

/** In the mark's boot, as though this process had run since; in a later one, as far as the clock was refused before it. */
function firstMeasure(clock: Clock, mark: ClockMark | undefined): Measure {
  const monotonic = clock.monotonic()
  const passedMs = passedSince(mark, clock)
  if (mark !== undefined && passedMs !== undefined)
    return { aheadMs: mark.wallMs + passedMs - monotonic, distrust: ranAheadSinceMark }
  if (mark?.refusedFromMs === undefined || clock.boot?.() === undefined)
    return { aheadMs: clock.now() - monotonic, distrust: ranAhead }
  // Just so little that it is refused from there on.
  return { aheadMs: mark.refusedFromMs - jumpMsMax - 1 - monotonic, distrust: wasRefused }
}

/** How long ago the mark is; undefined where it is of another boot. */
function passedSince(mark: ClockMark | undefined, clock: Clock): number | undefined {
  const boot = mark && clock.boot?.()
  if (mark === undefined || boot?.id !== mark.boot.id) return undefined
  const passedMs = boot.sinceMs - mark.boot.sinceMs
  return passedMs < 0 ? undefined : passedMs
}
