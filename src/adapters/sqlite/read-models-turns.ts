import { ReadModelsUnavailable } from '#ports/read-models.ts'

type Waiting = { readonly start: () => void; readonly refuse: (error: Error) => void }

type Limits = {
  readonly openMax: number
  readonly waitingMax: number
  readonly waitMaxMs: number
}

/** Lets a number of callers in at once; the others wait in order of arrival, not too many and not for long. */
export class Turns {
  readonly #limits: Limits
  readonly #waiting = new Set<Waiting>()
  readonly #empty = Promise.withResolvers<void>()
  #taken = 0
  #closed = false

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** @throws {ReadModelsUnavailable} */
  async take(): Promise<void> {
    if (this.#closed) throw new ReadModelsUnavailable('The read models are closed.')
    if (this.#taken >= this.#limits.openMax) return this.#wait()
    this.#taken++
  }

  /** Hands the turn on to the one who waits longest. */
  give(): void {
    const [next] = this.#waiting
    if (next !== undefined) return next.start()
    this.#taken--
    if (this.#closed && this.#taken === 0) this.#empty.resolve()
  }

  /** Refuses those who wait; resolves when all turns were given back. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { refuse } of this.#waiting)
      refuse(new ReadModelsUnavailable('The read models are closed.'))
    if (this.#taken > 0) await this.#empty.promise
  }

  #wait(): Promise<void> {
    const { openMax, waitingMax, waitMaxMs } = this.#limits
    const busy = new ReadModelsUnavailable(`All ${openMax} views of the read models are in use.`)
    if (this.#waiting.size >= waitingMax) return Promise.reject(busy)
    return new Promise((resolve, reject) => {
      const leave = (then: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        then()
      }
      const waiting: Waiting = {
        start: () => leave(resolve),
        refuse: (error) => leave(() => reject(error)),
      }
      const timer = setTimeout(() => waiting.refuse(busy), waitMaxMs)
      this.#waiting.add(waiting)
    })
  }
}
