import type { Clock } from '#ports/clock.ts'

const pauseFirstMs = 2
const pauseMaxMs = 10

/** When to try again: after what `mark` stood for has changed. Where it is undefined, that can't be told. */
type Changes<Mark> = {
  mark(): Promise<Mark | undefined>
  since(mark: Mark, deadline: number): Promise<void>
}

/**
 * Tries again, at every change or else with growing pauses, until the attempt comes to something or `waitMs` have passed;
 * gives what the last attempt came to, undefined if it was nothing.
 */
export async function waitFor<Result, Mark>(
  attempt: () => Promise<Result | undefined>,
  {
    clock,
    waitMs,
    changes,
  }: { readonly clock: Clock; readonly waitMs: number; readonly changes?: Changes<Mark> },
): Promise<Result | undefined> {
  const deadline = clock.monotonic() + waitMs
  for (let pauseMs = pauseFirstMs; ; pauseMs = Math.min(2 * pauseMs, pauseMaxMs)) {
    // Before the attempt, so that no change falls between the two.
    const mark = await changes?.mark()
    const result = await attempt()
    if (result !== undefined || clock.monotonic() >= deadline) return result
    await (changes === undefined || mark === undefined
      ? pause(pauseMs)
      : changes.since(mark, deadline))
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

/** Turns for work that many ask for at once: one piece of it in each, in the order in which they asked. */
export class Turns {
  #last: Promise<void> = Promise.resolve()

  next(): Promise<void> {
    this.#last = this.#last.then(turn)
    return this.#last
  }
}

/** So much of some work in one turn, for all who do it: then all of them wait for the next. */
export class AmountPerTurn {
  readonly #max: number
  #taken = 0
  #next: Promise<void> | undefined

  constructor(max: number) {
    this.#max = max
  }

  async take(amount: number): Promise<void> {
    while (this.#next !== undefined || (this.#taken > 0 && this.#taken + amount > this.#max)) {
      this.#next ??= this.#another()
      await this.#next
    }
    this.#taken += amount
  }

  async #another(): Promise<void> {
    await turn()
    this.#taken = 0
    this.#next = undefined
  }
}

/** Until the event loop has looked after all else once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
