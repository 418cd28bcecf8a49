import type { Pace } from '#ports/pace.ts'

/** Others wait no longer than that, and one step more, for long work that is done in slices. */
const sliceMs = 10

type SlicesParts = {
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number
  readonly pace: Pace
}

/** Long work of all ledgers, in slices: one of them in a turn of the event loop, whoever works. */
export class Slices {
  readonly #parts: SlicesParts
  #begunAt = 0
  #waiting = 0
  #last: Promise<void> = Promise.resolve()

  constructor(parts: SlicesParts) {
    this.#parts = parts
  }

  /** Of who has not worked before: where nobody waits for a slice, one begins now. */
  begin(): void {
    if (this.#waiting === 0 && this.isOver) this.#begunAt = this.#parts.monotonic()
  }

  /** Whether it is time to let others go. To ask costs little: after each step. */
  get isOver(): boolean {
    return this.#parts.monotonic() - this.#begunAt > sliceMs
  }

  /** Resolves in a later turn, which is for who waits for it alone. */
  next(): Promise<void> {
    this.#waiting += 1
    this.#last = this.#last.then(() => this.#begin())
    return this.#last
  }

  async #begin(): Promise<void> {
    await this.#parts.pace.turn()
    this.#waiting -= 1
    this.#begunAt = this.#parts.monotonic()
  }
}
