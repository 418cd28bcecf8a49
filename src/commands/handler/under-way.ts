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
    return this.#outcomes.has(key) ? this.#afterOthers(key, run) : this.#run(key, run)
  }

  /** Nothing is awaited between the last look and the run: of those that waited for one, only the next may run. */
  async #afterOthers<Outcome>(
    key: string,
    run: () => Promise<Outcome>,
  ): Promise<Outcome | undefined> {
    const patience = new AbortController()
    const late = this.#pace.pause(patienceMs, patience.signal).then(() => 'late')
    try {
      for (;;) {
        const first = this.#outcomes.get(key)
        if (first === undefined) break
        const settled = first.then(
          () => 'settled',
          () => 'settled',
        )
        if ((await Promise.race([settled, late])) === 'late') return undefined
      }
    } finally {
      patience.abort()
    }
    return this.#run(key, run)
  }

  async #run<Outcome>(key: string, run: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = run()
    this.#outcomes.set(key, outcome)
    try {
      return await outcome
    } finally {
      this.#outcomes.delete(key)
    }
  }
}
