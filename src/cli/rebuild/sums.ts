import { createHash, type Hash } from 'node:crypto'
import type { LedgerId } from '#values/ids.ts'

/** Count and checksum (SHA-256 over the documents by ledger and id) of the two, and the documents that differ. */
export type Comparison = {
  readonly live: Sum
  readonly built: Sum
  /** The first of them; there may be more. */
  readonly differences: readonly Difference[]
  /** The ledgers of which not all could be read, and why, in words. */
  readonly unread: readonly Unread[]
}

export type Unread = { readonly ledgerId: LedgerId; readonly sentence: string }

export type Sum = { readonly documents: number; readonly checksum: string }

/** A document that only one side has once, or that each has in another way. Without an id where it is stored under none. */
export type Difference = {
  readonly ledgerId: LedgerId
  readonly id: string
  /** It is damaged, or found by other fields than it has. */
  readonly misfiled?: true
  /** More than one is stored under the id. */
  readonly repeated?: true
}

/** A document as text. */
export type Text = { readonly id: string; readonly text: string }

/** What two builds have on a page, in the order of ids, and the ids of those that are misfiled. */
export type Compared = {
  readonly live: readonly Text[]
  readonly built: readonly Text[]
  readonly misfiled: ReadonlySet<string>
}

const differencesMax = 100

/** Sums two builds up page by page. */
export class Sums {
  readonly #live = new RunningSum()
  readonly #built = new RunningSum()
  readonly #differences: Difference[] = []
  readonly #unread: Unread[] = []

  get documents(): number {
    return this.#built.documents
  }

  add(ledgerId: LedgerId, { live, built, misfiled }: Compared): void {
    this.#live.add(ledgerId, live)
    this.#built.add(ledgerId, built)
    const [one, other] = [byId(live), byId(built)]
    for (const id of new Set([...misfiled, ...one.keys(), ...other.keys()])) {
      if (this.#differences.length === differencesMax) return
      const texts = [one.get(id) ?? [], other.get(id) ?? []] as const
      const marks = {
        ...(misfiled.has(id) && { misfiled: true as const }),
        ...(texts.some(({ length }) => length > 1) && { repeated: true as const }),
      }
      const isSame = texts[0][0] === texts[1][0]
      if (!isSame || Object.keys(marks).length > 0)
        this.#differences.push({ ledgerId, id, ...marks })
    }
  }

  /** The rest of the ledger is not read. */
  leave(ledgerId: LedgerId, sentence: string): void {
    this.#unread.push({ ledgerId, sentence })
  }

  result(): Comparison {
    const differences = this.#differences
    return {
      live: this.#live.sum(),
      built: this.#built.sum(),
      differences,
      unread: this.#unread,
    }
  }
}

function byId(texts: readonly Text[]): ReadonlyMap<string, readonly string[]> {
  const groups = Map.groupBy(texts, ({ id }) => id)
  return new Map([...groups].map(([id, group]) => [id, group.map(({ text }) => text)]))
}

class RunningSum {
  documents = 0
  readonly #hash: Hash = createHash('sha256')

  add(ledgerId: LedgerId, texts: readonly Text[]): void {
    this.documents += texts.length
    for (const { id, text } of texts) this.#hash.update(`${ledgerId} ${id} ${text}\n`)
  }

  sum(): Sum {
    return { documents: this.documents, checksum: this.#hash.digest('hex') }
  }
}
