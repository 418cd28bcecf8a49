import type * as fc from 'fast-check'
import { SettableClock } from '#test/support/settable-clock.ts'

/** From this length on a pause is time that passes only when nothing else can happen, unless the run is in a hurry. */
const longMs = 500

/** More steps than any run that gets on needs. */
const stepsMax = 20_000

type Timer = { readonly label: string; readonly dueMs: number; readonly fire: () => void }

/**
 * Everything that several processes wait for, in the hands of one scheduler: nothing happens but by a step, and which
 * step is next is drawn from the run's seed. Between two steps every process goes as far as it can.
 */
export class ScheduledWorld {
  readonly clock = new SettableClock()
  readonly #scheduler: fc.Scheduler
  readonly #stepMs: readonly number[]
  readonly #timers = new Set<Timer>()
  #nowMs = 0
  #steps = 0

  /** `stepMs`: how long the steps take, one after the other, and again from the first; no time where there is none. */
  constructor(scheduler: fc.Scheduler, stepMs: readonly number[] = []) {
    this.#scheduler = scheduler
    this.#stepMs = stepMs
  }

  /** How much time has passed in all. */
  get passedMs(): number {
    return this.#nowMs
  }

  /** Resolves when the schedule comes to it; the label is its line in the report. */
  async step(label: string): Promise<void> {
    await this.#scheduler.schedule(Promise.resolve(), label)
  }

  /** Resolves when the time has come; the function ends the wait at once. A long one waits until all else stands still. */
  after(ms: number, label: string): { readonly over: Promise<void>; readonly end: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (ms < longMs) {
      void this.step(label).then(resolve)
      return { over: promise, end: resolve }
    }
    const timer = { label, dueMs: this.#nowMs + ms, fire: resolve }
    this.#timers.add(timer)
    const end = () => {
      this.#timers.delete(timer)
      resolve()
    }
    return { over: promise, end }
  }

  /** Runs until nothing is left to happen, or it is so. */
  async run(isSo: () => boolean = () => false): Promise<void> {
    await everyoneGoesOn()
    while (!isSo() && this.#hasNext()) {
      this.#steps += 1
      if (this.#steps > stepsMax) throw new Error(`${stepsMax} steps, and no end`)
      await this.#scheduler.waitNext(1)
      await everyoneGoesOn()
      this.#pass(this.#stepMs[this.#steps % this.#stepMs.length] ?? 0)
    }
  }

  /** Where nothing can happen, time passes until something does. */
  #hasNext(): boolean {
    if (this.#scheduler.count() > 0) return true
    const dueMs = Math.min(...[...this.#timers].map((timer) => timer.dueMs))
    if (dueMs === Number.POSITIVE_INFINITY) return false
    this.#pass(dueMs - this.#nowMs)
    return true
  }

  /** Whatever is due by then may happen from then on. */
  #pass(ms: number): void {
    this.clock.pass(ms)
    this.#nowMs += ms
    for (const timer of this.#timers)
      if (timer.dueMs <= this.#nowMs) {
        this.#timers.delete(timer)
        void this.step(timer.label).then(timer.fire)
      }
  }
}

/** All promises that can settle do so in one turn of the event loop, since nothing real is waited for. */
function everyoneGoesOn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
