import type { Pace } from '#ports/pace.ts'

const patienceMs = 5_000

/** Which keys have no outcome yet, so that a second request with one of them waits for the first. */
export class UnderWay {
  readonly #pace: Pace
  readonly #outcomes = new Map<string, Promise<unknown>>()

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** Runs once nothing else runs under the key. Undefined where that took longer than 5 s; then it has not run. */
  async once<Outcome>(key: string, run: () => Promise<Outcome>): Promise<Outcome | undefined> {
    if (this.#outcomes.has(key) && !(await this.#free(key))) return undefined
    const outcome = run()
    this.#outcomes.set(key, outcome)
    try {
      return await outcome
    } finally {
      this.#outcomes.delete(key)
    }
  }

  async #free(key: string): Promise<boolean> {
    const patience = new AbortController()
    const late = this.#pace.pause(patienceMs, patience.signal).then(() => 'late')
    try {
      for (;;) {
        const first = this.#outcomes.get(key)
        if (first === undefined) return true
        const settled = first.then(
          () => 'settled',
          () => 'settled',
        )
        if ((await Promise.race([settled, late])) === 'late') return false
      }
    } finally {
      patience.abort()
    }
  }
}
