import { pause } from '#http/waiting.ts'
import type { Clock } from '#ports/clock.ts'
import type { ReadModels, Stamp } from '#ports/read-models.ts'

const lookEveryMs = 2

type Waiting = { readonly mark: Stamp; readonly deadline: number; readonly wake: () => void }

/**
 * Tells those who wait for the read models to change when they have: one looks for all of them, and only while somebody
 * waits. A look costs far less than a read that comes too early.
 */
export class ModelChanges {
  readonly #readModels: Pick<ReadModels, 'stamp'>
  readonly #clock: Pick<Clock, 'monotonic'>
  #waiting: Waiting[] = []
  #isLooking = false

  constructor(readModels: Pick<ReadModels, 'stamp'>, clock: Pick<Clock, 'monotonic'>) {
    this.#readModels = readModels
    this.#clock = clock
  }

  /** Stands for what is stored now; undefined where that can't be told. */
  async mark(): Promise<Stamp | undefined> {
    return this.#readModels.stamp?.(undefined, [])
  }

  /** Resolves soon after anything was stored since the mark was taken, at the latest at the deadline. Never rejects. */
  since(mark: Stamp, deadline: number): Promise<void> {
    return new Promise((wake) => {
      this.#waiting.push({ mark, deadline, wake })
      if (!this.#isLooking) void this.#look()
    })
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    while (this.#waiting.length > 0) {
      await pause(lookEveryMs)
      // Whoever waits asks again, and is told then what is wrong.
      const now = await this.mark().catch(() => undefined)
      const time = this.#clock.monotonic()
      const { still = [], woken = [] } = Object.groupBy(this.#waiting, ({ mark, deadline }) =>
        mark === now && time < deadline ? 'still' : 'woken',
      )
      this.#waiting = still
      for (const { wake } of woken) wake()
    }
    this.#isLooking = false
  }
}
