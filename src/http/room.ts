/** Memory of one kind that clients make this process hold, all of them together. */
export class Room {
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get isFull(): boolean {
    return this.#bytes >= this.#bytesMax
  }

  /** False, and nothing is taken, where that would be too much; what is there alone always fits. */
  take(bytes: number): boolean {
    const fits = this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax
    if (fits) this.#bytes += bytes
    return fits
  }

  /** Takes it in any case. */
  takeAnyway(bytes: number): void {
    this.#bytes += bytes
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}
