import { EventStoreUnavailable } from '#ports/event-store.ts'

type Waiting = { readonly stream: string; readonly start: () => void }

/**
 * The order of appends that are under way: so many at once, one of a stream at a time. The server drops an append
 * that repeats one not yet replicated, so two identical ones must not overlap.
 */
export class AppendTurns {
  readonly #atOnceMax: number
  readonly #waitingMax: number
  readonly #busy = new Set<string>()
  readonly #emptied: (() => void)[] = []
  readonly #waiting: Waiting[] = []

  constructor({
    appendsAtOnceMax,
    appendsWaitingMax,
  }: {
    readonly appendsAtOnceMax: number
    readonly appendsWaitingMax: number
  }) {
    this.#atOnceMax = appendsAtOnceMax
    this.#waitingMax = appendsWaitingMax
  }

  /** @throws {EventStoreUnavailable} when too many wait. */
  async take<T>(stream: string, append: () => Promise<T>): Promise<T> {
    await this.#turn(stream)
    try {
      return await append()
    } finally {
      this.#busy.delete(stream)
      this.#startNext()
    }
  }

  /** Resolves once nothing is under way and nothing waits. */
  async drained(): Promise<void> {
    if (this.#busy.size > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve))
  }

  #turn(stream: string): Promise<void> | undefined {
    if (this.#free(stream)) {
      this.#busy.add(stream)
      return undefined
    }
    if (this.#waiting.length >= this.#waitingMax)
      throw new EventStoreUnavailable('too many appends are waiting')
    return new Promise((resolve) => this.#waiting.push({ stream, start: resolve }))
  }

  #free(stream: string): boolean {
    return this.#busy.size < this.#atOnceMax && !this.#busy.has(stream)
  }

  #startNext(): void {
    const at = this.#waiting.findIndex(({ stream }) => this.#free(stream))
    const [next] = at === -1 ? [] : this.#waiting.splice(at, 1)
    if (next !== undefined) {
      this.#busy.add(next.stream)
      next.start()
    }
    if (this.#busy.size === 0) for (const tell of this.#emptied.splice(0)) tell()
  }
}
