import type { Clock } from '#ports/clock.ts'

/** A clock that stands still until a test moves it. */
export class SettableClock implements Clock {
  #wallMs: number
  #monotonicMs = 0

  constructor(at = '2026-03-01T12:00:00.000Z') {
    this.#wallMs = Date.parse(at)
  }

  now(): number {
    return this.#wallMs
  }

  monotonic(): number {
    return this.#monotonicMs
  }

  /** Time passes: both clocks run. */
  pass(ms: number): void {
    this.#wallMs += ms
    this.#monotonicMs += ms
  }

  /** Someone sets the wall clock; the monotonic one knows nothing of it. */
  setWall(at: string): void {
    this.#wallMs = Date.parse(at)
  }
}
