/** A map that knows what its entries weigh together, whatever is set in it, removed, or taken back. */
export class WeighedMap<Key, Value> extends Map<Key, Value> {
  readonly #weigh: (value: Value, key: Key) => number
  #weight = 0

  /** `weigh` says the same of an entry for as long as it is in the map. */
  constructor(weigh: (value: Value, key: Key) => number) {
    super()
    this.#weigh = weigh
  }

  get weight(): number {
    return this.#weight
  }

  override set(key: Key, value: Value): this {
    const before = this.get(key)
    this.#weight += this.#weigh(value, key) - (before === undefined ? 0 : this.#weigh(before, key))
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
