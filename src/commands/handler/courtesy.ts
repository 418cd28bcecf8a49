import type { Pace } from '#ports/pace.ts'

const appendsMax = 25
const pauseMsMax = 25
const conflictPauseMsMax = 10

/**
 * Fairness between processes that write one ledger: who has just stored has nothing to catch up with, and would store
 * next, again and again. After a conflict a process lets the others go first for so many of its appends.
 */
export class Courtesy {
  readonly #pace: Pace
  #appendsLeft = 0

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** Another process was first, for so many times in a row: waits a moment, so that not all of them read at once. */
  async afterConflict(conflicts: number): Promise<void> {
    this.#appendsLeft = appendsMax
    await this.#pause(Math.min(conflictPauseMsMax, 2 ** conflicts))
  }

  /** After an append whose commands are answered. */
  async letOthersGo(): Promise<void> {
    if (this.#appendsLeft === 0) return
    this.#appendsLeft -= 1
    await this.#pause(pauseMsMax)
  }

  #pause(msMax: number): Promise<void> {
    return this.#pace.pause(this.#pace.random() * msMax)
  }
}
