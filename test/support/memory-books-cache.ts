import {
  BooksCacheUnavailable,
  type BooksCacheWriter,
  type Fact,
  type FactQuestion,
  type FilterLayer,
  type IndexedLedger,
  type TurnWait,
} from '#ports/books-cache.ts'
import type { LedgerId } from '#values/ids.ts'

type Shelf = {
  readonly ledgerId: LedgerId
  readonly facts: Map<string, Fact[]>
  readonly layers: FilterLayer[]
  indexed: IndexedLedger
}

/** Kept books in memory, for several processes of a test at once. What is kept outlives its being disposed of. */
export class MemoryBooksCache implements BooksCacheWriter {
  readonly snapshots = new Map<LedgerId, string>()
  readonly #shelves = new Map<bigint, Shelf>()
  #lastNumber = 0n
  #turn: Promise<unknown> = Promise.resolve()
  #keeping = 0
  /** While set, nothing of the index can be asked. */
  broken = false
  /** While set, its facts can't be asked for. */
  brokenFacts = false

  async *readSnapshot(ledgerId: LedgerId): AsyncIterable<readonly string[]> {
    const text = this.snapshots.get(ledgerId)
    if (text === undefined) return
    const lines = text.split('\n')
    const last = lines.pop()
    for (let at = 0; at < lines.length; at += 3) yield lines.slice(at, at + 3)
    if (last !== undefined && last !== '') yield [last]
  }

  dropSnapshot(ledgerId: LedgerId): void {
    this.snapshots.delete(ledgerId)
  }

  indexed(ledgerId: LedgerId): IndexedLedger | undefined {
    this.#refuseBroken()
    return this.#shelfOf(ledgerId)?.indexed
  }

  filterLayer(number: bigint, layer: number): FilterLayer | undefined {
    return structuredClone(this.#shelf(number).layers[layer])
  }

  find(number: bigint, { kind, key, atMost }: FactQuestion) {
    if (this.brokenFacts) throw new BooksCacheUnavailable('the facts are broken')
    const facts = this.#shelf(number).facts.get(`${kind} ${key}`) ?? []
    const known = facts.filter(({ revision }) => revision <= atMost)
    return known.reduce<Fact | undefined>(
      (newest, fact) => (newest === undefined || fact.revision > newest.revision ? fact : newest),
      undefined,
    )
  }

  exclusively<Result>(work: () => Promise<Result>, { signal, mayWait }: TurnWait): Promise<Result> {
    signal.throwIfAborted()
    if (this.#keeping > 0 && !mayWait())
      return Promise.reject(new BooksCacheUnavailable('somebody keeps'))
    this.#keeping += 1
    const done = this.#turn.then(work).finally(() => {
      this.#keeping -= 1
    })
    this.#turn = done.catch(() => undefined)
    return done
  }

  beginAnew(ledgerId: LedgerId): IndexedLedger {
    this.#refuseBroken()
    this.snapshots.delete(ledgerId)
    const old = this.#shelfOf(ledgerId)
    if (old !== undefined) this.#shelves.delete(old.indexed.number)
    this.#lastNumber += 1n
    const number = this.#lastNumber
    const indexed = { number, factsTo: -1n, factsEventId: '', filterTo: -1n, filterLayers: 0 }
    this.#shelves.set(number, { ledgerId, facts: new Map(), layers: [], indexed })
    return indexed
  }

  learn(
    number: bigint,
    facts: readonly Fact[],
    to: { readonly revision: bigint; readonly eventId: string },
  ): void {
    const shelf = this.#shelf(number)
    for (const fact of facts) {
      const name = `${fact.kind} ${fact.key}`
      const known = shelf.facts.get(name) ?? []
      if (known.every(({ revision }) => revision !== fact.revision))
        shelf.facts.set(name, [...known, fact])
    }
    if (shelf.indexed.factsTo < to.revision)
      shelf.indexed = { ...shelf.indexed, factsTo: to.revision, factsEventId: to.eventId }
  }

  saveFilter(
    number: bigint,
    layers: readonly FilterLayer[],
    { from, to }: { readonly from: bigint; readonly to: bigint },
  ): void {
    const shelf = this.#shelf(number)
    if (shelf.indexed.filterTo !== from)
      throw new BooksCacheUnavailable('the filter was changed by somebody else')
    for (const each of layers)
      shelf.layers[each.layer] = { ...each, bits: Uint8Array.from(each.bits) }
    shelf.indexed = { ...shelf.indexed, filterTo: to, filterLayers: shelf.layers.length }
  }

  async saveSnapshot(ledgerId: LedgerId, chunks: Iterable<string>): Promise<void> {
    this.snapshots.set(ledgerId, [...chunks].join(''))
  }

  /** As if the layers of its filter had been deleted. */
  loseLayers(ledgerId: LedgerId): void {
    this.#shelfOf(ledgerId)?.layers.splice(0)
  }

  tidy(): boolean {
    return false
  }

  [Symbol.dispose](): void {}

  #shelfOf(ledgerId: LedgerId): Shelf | undefined {
    return [...this.#shelves.values()].find((shelf) => shelf.ledgerId === ledgerId)
  }

  #shelf(number: bigint): Shelf {
    this.#refuseBroken()
    const shelf = this.#shelves.get(number)
    if (shelf === undefined) throw new BooksCacheUnavailable('the ledger was put in anew')
    return shelf
  }

  #refuseBroken(): void {
    if (this.broken) throw new BooksCacheUnavailable('the index is broken')
  }
}
