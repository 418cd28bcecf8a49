import type { KeyFilter } from '#commands/handler/books/key-filter.ts'
import type { BooksCache, Fact, FactKind } from '#ports/books-cache.ts'

/**
 * The part of a ledger's past that is not in memory: what the index has up to a revision. The bound makes an index that
 * is further than the books, or shared with another process, say what one that ends there would.
 */
export class Past {
  readonly #cache: Pick<BooksCache, 'find'>
  readonly #number: bigint
  readonly #atMost: bigint
  readonly #filter: KeyFilter

  /** The filter has every key of the facts up to `atMost`. */
  constructor(
    cache: Pick<BooksCache, 'find'>,
    upTo: { readonly number: bigint; readonly atMost: bigint },
    filter: KeyFilter,
  ) {
    this.#cache = cache
    this.#number = upTo.number
    this.#atMost = upTo.atMost
    this.#filter = filter
  }

  /** @throws {BooksCacheUnavailable} */
  find(kind: FactKind, key: string): Pick<Fact, 'revision' | 'value'> | undefined {
    if (!this.#filter.mayHave(kind, key)) return undefined
    return this.#cache.find(this.#number, { kind, key, atMost: this.#atMost })
  }
}
