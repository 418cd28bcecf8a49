/** A map that knows what its entries weigh together, whatever is set in it, removed, or taken back. */
export class WeighedMap<Key, Value> extends Map<Key, Value> {
  readonly #weigh: (value: Value, key: Key) => number
  readonly #weighAlike: (one: Value, other: Value) => boolean
  #weight = 0

  /**
   * `weigh` says the same of an entry for as long as it is in the map. `weighAlike` tells quickly of two values under one
   * key that it says the same of both; where it doesn't tell, both are weighed.
   */
  constructor(
    weigh: (value: Value, key: Key) => number,
    weighAlike: (one: Value, other: Value) => boolean = () => false,
  ) {
    super()
    this.#weigh = weigh
    this.#weighAlike = weighAlike
  }

  get weight(): number {
    return this.#weight
  }

  override set(key: Key, value: Value): this {
    const before = this.get(key)
    if (before === undefined) this.#weight += this.#weigh(value, key)
    else if (!this.#weighAlike(before, value))
      this.#weight += this.#weigh(value, key) - this.#weigh(before, key)
    return super.set(key, value)
  }

  override delete(key: Key): boolean {
    const before = this.get(key)
    if (before !== undefined) this.#weight -= this.#weigh(before, key)
    return super.delete(key)
  }

  override clear(): void {
    this.#weight = 0
    super.clear()
  }
}
