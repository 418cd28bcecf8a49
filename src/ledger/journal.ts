/**
 * Remembers how to take back what was done to the ledger's maps since it was last cleared, so that a refused batch, a
 * dry run or a failed append leaves the books as they were.
 */
export class Journal {
  #steps: (() => void)[] = []

  record(undo: () => void): void {
    this.#steps.push(undo)
  }

  /** A point to come back to. */
  mark(): number {
    return this.#steps.length
  }

  /** Takes back everything since the mark, newest first. */
  undoTo(mark: number): void {
    while (this.#steps.length > mark) this.#steps.pop()?.()
  }

  /** What was done is durable: nothing before now can be taken back. */
  clear(): void {
    this.#steps = []
  }
}
