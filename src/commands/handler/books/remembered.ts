import {
  type FactForm,
  holdEndForm,
  keyForm,
  referenceForm,
  reversalForm,
} from '#commands/handler/books/fact-forms.ts'
import type { Past } from '#commands/handler/books/past.ts'
import { RememberedMap } from '#commands/handler/books/remembered-map.ts'
import type { EverGrowing } from '#ledger/ledger.ts'
import type { Fact } from '#ports/books-cache.ts'

/** What was set in one of the maps, without the revision at which. */
export type Learnt = Omit<Fact, 'revision'>

/** The four ever-growing maps of a ledger; their generations are sealed and left to the past together. */
export class Remembered {
  readonly maps: EverGrowing
  readonly #all: readonly Pick<
    RememberedMap<unknown>,
    'inMemory' | 'weight' | 'seal' | 'sealedKeys' | 'leaveTo' | 'kind'
  >[]

  /** `learnt` is told of everything that is set, in order. */
  constructor(learnt?: (fact: Learnt) => void) {
    const closedHolds = remembered(holdEndForm, learnt)
    const references = remembered(referenceForm, learnt)
    const reversed = remembered(reversalForm, learnt)
    const keys = remembered(keyForm, learnt)
    this.maps = { closedHolds, references, reversed, keys }
    this.#all = [closedHolds, references, reversed, keys]
  }

  get inMemory(): number {
    return this.#all.reduce((sum, map) => sum + map.inMemory, 0)
  }

  /** Bytes that the keys and values of these take. */
  get weight(): number {
    return this.#all.reduce((sum, map) => sum + map.weight, 0)
  }

  /** Only while nothing of the young generation can be taken back. */
  seal(): void {
    for (const map of this.#all) map.seal()
  }

  *sealedKeys(): Iterable<Pick<Fact, 'kind' | 'key'>> {
    for (const map of this.#all) for (const key of map.sealedKeys()) yield { kind: map.kind, key }
  }

  /** Everything sealed is found in the past from now on. */
  leaveTo(past: Past): void {
    for (const map of this.#all) map.leaveTo(past)
  }
}

function remembered<Value>(
  form: FactForm<Value>,
  learnt: ((fact: Learnt) => void) | undefined,
): RememberedMap<Value> {
  if (learnt === undefined) return new RememberedMap(form)
  const { kind } = form
  return new RememberedMap(form, (key, value) => learnt({ kind, key, value: form.encode(value) }))
}
