import type { Boot, Clock } from '#ports/clock.ts'

/** A clock that stands still until a test moves it. */
export class SettableClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  #boot: Boot = { id: 'boot 1', sinceMs: 100_000 }

  constructor(at = '2026-03-01T12:00:00.000Z') {
    this.#wallMs = Date.parse(at)
  }

  now(): number {
    return this.#wallMs
  }

  monotonic(): number {
    return this.#monotonicMs
  }

  boot(): Boot {
    return this.#boot
  }

  /** Time passes: all clocks run. */
  pass(ms: number): void {
    this.sleep(ms)
    this.#monotonicMs += ms
  }

  /** The machine sleeps: the monotonic clock stands still. */
  sleep(ms: number): void {
    this.#wallMs += ms
    this.#boot = { ...this.#boot, sinceMs: this.#boot.sinceMs + ms }
  }

  /** The machine was switched off for so long. */
  reboot(offMs: number): void {
    this.#wallMs += offMs
    this.#boot = { id: `${this.#boot.id}'`, sinceMs: 0 }
  }

  /** Someone sets the wall clock; the others know nothing of it. */
  setWall(at: string): void {
    this.#wallMs = Date.parse(at)
  }
}
