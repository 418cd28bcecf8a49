import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyForm, reversalForm } from '#commands/handler/books/fact-forms.ts'
import { KeyFilter } from '#commands/handler/books/key-filter.ts'
import { Past } from '#commands/handler/books/past.ts'
import { RememberedMap } from '#commands/handler/books/remembered-map.ts'
import { MemoryBooksCache } from '#test/support/memory-books-cache.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd')

type Act = 'set' | 'undo' | 'seal' | 'leave' | 'look'

const acts = fc.array(
  fc.tuple(fc.constantFrom<Act>('set', 'set', 'set', 'undo', 'seal', 'leave', 'look'), key),
  { maxLength: 60 },
)

describe('a remembered map', () => {
  it('is a map to who asks for keys, whatever of it is in memory', () => {
    fc.assert(fc.property(acts, (all) => new Trial().live(all)))
  })

  it('refuses to take back what is sealed', () => {
    const map = new RememberedMap(keyForm)
    map.set('a', 1n)
    map.seal()
    expect(() => map.delete('a')).toThrow('not taken back')
    expect(() => map.seal()).toThrow('sealed already')
  })
})

/** A map of reversals beside a plain one: every set is an event, of which the index learns when it is sealed. */
class Trial {
  readonly #cache = new MemoryBooksCache()
  readonly #filter = new KeyFilter()
  readonly #number = this.#cache.beginAnew('acme').number
  readonly #map = new RememberedMap(reversalForm, (name) => this.#learn(name))
  readonly #plain = new Map<string, readonly bigint[]>()
  #revision = 0n
  #sealed: bigint | undefined

  live(all: readonly (readonly [Act, string])[]): void {
    for (const [act, name] of all) {
      this.#do(act, name)
      for (const each of ['a', 'b', 'c', 'd', 'e'])
        expect([each, this.#map.get(each), this.#map.has(each)]).toEqual([
          each,
          this.#plain.get(each),
          this.#plain.has(each),
        ])
    }
  }

  #do(act: Act, name: string): void {
    if (act === 'set') this.#set(name)
    if (act === 'undo') this.#undo(name)
    if (act === 'seal' && this.#sealed === undefined) {
      this.#map.seal()
      this.#sealed = this.#revision
    }
    if (act === 'leave' && this.#sealed !== undefined) this.#leave(this.#sealed)
  }

  #set(name: string): void {
    this.#revision += 1n
    const value = [...(this.#map.get(name) ?? []), this.#revision]
    this.#map.set(name, value)
    this.#plain.set(name, value)
  }

  /** As the journal does it: set, and put back what was there. */
  #undo(name: string): void {
    const before = this.#map.get(name)
    this.#map.set(name, [-1n])
    if (before === undefined) this.#map.delete(name)
    else this.#map.set(name, before)
  }

  #leave(upTo: bigint): void {
    for (const name of this.#map.sealedKeys()) this.#filter.add('reversal', name)
    const past = { number: this.#number, atMost: upTo }
    this.#map.leaveTo(new Past(this.#cache, past, this.#filter))
    this.#sealed = undefined
  }

  /** The keeper folds the same log: it learns every value at its own revision, also beyond what is left to it. */
  #learn(name: string): void {
    const value = this.#map.get(name)
    if (value === undefined || value[0] === -1n) return
    const text = reversalForm.encode(value)
    const fact = { kind: 'reversal', key: name, revision: this.#revision, value: text } as const
    this.#cache.learn(this.#number, [fact], { revision: this.#revision, eventId: 'e' })
  }
}
