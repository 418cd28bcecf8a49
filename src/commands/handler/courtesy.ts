import { setTimeout as sleep } from 'node:timers/promises'

const appendsMax = 25
const pauseMsMax = 25
const conflictPauseMsMax = 10

/**
 * Fairness between processes that write one ledger: who has just stored has nothing to catch up with, and would store
 * next, again and again. After a conflict a process lets the others go first for so many of its appends.
 */
export class Courtesy {
  #appendsLeft = 0

  /** Another process was first, for so many times in a row: waits a moment, so that not all of them read at once. */
  async afterConflict(conflicts: number): Promise<void> {
    this.#appendsLeft = appendsMax
    await sleep(Math.random() * Math.min(conflictPauseMsMax, 2 ** conflicts))
  }

  /** After an append whose commands are answered. */
  async letOthersGo(): Promise<void> {
    if (this.#appendsLeft === 0) return
    this.#appendsLeft -= 1
    await sleep(Math.random() * pauseMsMax)
  }
}
