/**
 * Bytes that come in pieces, gathered in one buffer: each piece that is kept as it came takes hundreds of bytes more than it
 * has. What is held is at most twice what came, and never more than `bytesMax`, which all pieces together must fit into.
 */
export class GrowingBytes {
  readonly #bytesMax: number
  #buffer: Buffer = Buffer.alloc(0)
  #size = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** How many came. */
  get size(): number {
    return this.#size
  }

  /** How many memory is held for. */
  get held(): number {
    return this.#buffer.length
  }

  /** How many more will be held once so many have been added. */
  growthFor(bytes: number): number {
    const size = this.#size + bytes
    if (size <= this.held) return 0
    return Math.min(Math.max(size, 2 * this.held), this.#bytesMax) - this.held
  }

  /** The first piece is kept as it is: there mostly is no other. */
  add(piece: Buffer): void {
    if (this.#size === 0) this.#buffer = piece
    else this.#append(piece)
    this.#size += piece.length
  }

  /** All that came; nothing may be added after that. */
  whole(): Buffer {
    return this.#size === this.held ? this.#buffer : this.#buffer.subarray(0, this.#size)
  }

  #append(piece: Buffer): void {
    const growth = this.growthFor(piece.length)
    if (growth > 0) {
      // Not out of the pool, which would be held as a whole.
      const larger = Buffer.allocUnsafeSlow(this.held + growth)
      this.#buffer.copy(larger, 0, 0, this.#size)
      this.#buffer = larger
    }
    piece.copy(this.#buffer, this.#size)
  }
}
