import type { FactForm } from '#commands/handler/books/fact-forms.ts'
import { FactTable, hashOf } from '#commands/handler/books/fact-table.ts'
import type { Past } from '#commands/handler/books/past.ts'
import { weightOfText } from '#commands/handler/books/weights.ts'
import type { Remembering } from '#ledger/ledger.ts'

/**
 * One of the ever-growing maps in three generations: what is young, what is sealed (being kept), and the past, which is
 * not in memory. To the books it is a map.
 */
export class RememberedMap<Value> implements Remembering<string, Value> {
  readonly #form: FactForm<Value>
  readonly #learnt: ((key: string, value: Value) => void) | undefined
  #young: FactTable<Value>
  #sealed: FactTable<Value> | undefined
  #past: Past | undefined
  // A new key is asked for several times before it is set, each time by the same string.
  #absent: string | undefined

  /** `learnt` is told of everything that is set. */
  constructor(form: FactForm<Value>, learnt?: (key: string, value: Value) => void) {
    this.#form = form
    this.#learnt = learnt
    this.#young = this.#newGeneration()
  }

  /** @throws {BooksCacheUnavailable} */
  get(key: string): Value | undefined {
    if (key === this.#absent) return undefined
    const hash = hashOf(key)
    const value = this.#young.get(key, hash) ?? this.#sealed?.get(key, hash) ?? this.#fromPast(key)
    if (value === undefined) this.#absent = key
    return value
  }

  /** @throws {BooksCacheUnavailable} */
  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  set(key: string, value: Value): this {
    if (key === this.#absent) this.#absent = undefined
    this.#young.set(key, value)
    this.#learnt?.(key, value)
    return this
  }

  /** Takes back a `set`; what is sealed or past is durable. @throws {Error} for that. */
  delete(key: string): boolean {
    const taken = this.#young.delete(key)
    if (!taken && this.#sealed?.get(key) !== undefined)
      throw new Error('what is durable is not taken back')
    return taken
  }

  /** How many entries are in memory. */
  get inMemory(): number {
    return this.#young.size + (this.#sealed?.size ?? 0)
  }

  /** Bytes that the keys and values of these take. */
  get weight(): number {
    return this.#young.weight + (this.#sealed?.weight ?? 0)
  }

  /** What is young becomes sealed. @throws {Error} where something is sealed already. */
  seal(): void {
    if (this.#sealed !== undefined) throw new Error('a generation is sealed already')
    this.#sealed = this.#young
    this.#young = this.#newGeneration()
  }

  sealedKeys(): Iterable<string> {
    return this.#sealed?.keys() ?? []
  }

  /** The past has everything by now that was sealed, if anything was. */
  leaveTo(past: Past): void {
    this.#past = past
    this.#sealed = undefined
    this.#absent = undefined
  }

  get kind() {
    return this.#form.kind
  }

  #newGeneration(): FactTable<Value> {
    const form = this.#form
    return new FactTable(form.column(), (value, key) => weightOfText(key) + form.weigh(value))
  }

  #fromPast(key: string): Value | undefined {
    const fact = this.#past?.find(this.#form.kind, key)
    return fact && this.#form.decode(fact)
  }
}
