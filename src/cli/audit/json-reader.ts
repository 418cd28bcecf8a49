/** A stored event says something else than an event of its type can: the audit can't follow it. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
}

/** Reads untyped JSON member by member. @throws {Unreadable} where something else stands there. */
export class JsonReader {
  readonly #members: ReadonlyMap<string, unknown>
  readonly #where: string

  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Unreadable(`${where} is no object`)
    this.#members = new Map(Object.entries(value))
    this.#where = where
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  text(name: string): string {
    const value = this.#members.get(name)
    if (typeof value !== 'string') throw new Unreadable(`${this.#where}.${name} is no string`)
    return value
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined
  }

  count(name: string): number {
    const value = this.#members.get(name)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw new Unreadable(`${this.#where}.${name} is no count`)
    return value
  }

  flag(name: string): boolean {
    const value = this.#members.get(name)
    if (typeof value !== 'boolean') throw new Unreadable(`${this.#where}.${name} is no boolean`)
    return value
  }

  /** Decimal digits without leading zeros, perhaps negative. */
  integer(name: string): bigint {
    return integerIn(this.text(name), `${this.#where}.${name}`)
  }

  /** An integer, or null for none. */
  limit(name: string): bigint | undefined {
    return this.#members.get(name) === null ? undefined : this.integer(name)
  }

  object(name: string): JsonReader {
    return new JsonReader(this.#members.get(name), `${this.#where}.${name}`)
  }

  objects(name: string): readonly JsonReader[] {
    return this.#list(name).map(
      (item, index) => new JsonReader(item, `${this.#where}.${name}/${index}`),
    )
  }

  integers(name: string): readonly bigint[] {
    return this.#list(name).map((item, index) => integerIn(item, `${this.#where}.${name}/${index}`))
  }

  #list(name: string): readonly unknown[] {
    const value = this.#members.get(name)
    if (!Array.isArray(value)) throw new Unreadable(`${this.#where}.${name} is no list`)
    return value
  }
}

function integerIn(value: unknown, where: string): bigint {
  if (typeof value !== 'string' || !/^(0|-?[1-9][0-9]{0,33})$/.test(value))
    throw new Unreadable(`${where} is no integer`)
  return BigInt(value)
}
