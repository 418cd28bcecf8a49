import { createHash, type Hash } from 'node:crypto'
import type { LedgerId } from '#values/ids.ts'

/** Count and checksum (SHA-256 over the documents by ledger and id) of the two, and the documents that differ. */
export type Comparison = {
  readonly live: Sum
  readonly built: Sum
  /** The first of them; there may be more. */
  readonly differences: readonly Difference[]
}

export type Sum = { readonly documents: number; readonly checksum: string }

/** A document that only one side has, or that each has in another way. Without an id where it is stored under none. */
export type Difference = {
  readonly ledgerId: LedgerId
  readonly id: string
  /** It is found by other fields than it has. */
  readonly misfiled?: true
}

/** What two builds have on a page: each document by its id, as text; and the ids of those that are misfiled. */
export type Compared = {
  readonly live: ReadonlyMap<string, string>
  readonly built: ReadonlyMap<string, string>
  readonly misfiled: ReadonlySet<string>
}

const differencesMax = 100

/** Sums two builds up page by page. */
export class Sums {
  readonly #live = new RunningSum()
  readonly #built = new RunningSum()
  readonly #differences: Difference[] = []

  get documents(): number {
    return this.#built.documents
  }

  add(ledgerId: LedgerId, { live, built, misfiled }: Compared): void {
    this.#live.add(ledgerId, live)
    this.#built.add(ledgerId, built)
    for (const id of new Set([...misfiled, ...live.keys(), ...built.keys()])) {
      if (this.#differences.length === differencesMax) return
      if (misfiled.has(id)) this.#differences.push({ ledgerId, id, misfiled: true })
      else if (live.get(id) !== built.get(id)) this.#differences.push({ ledgerId, id })
    }
  }

  result(): Comparison {
    const differences = this.#differences
    return { live: this.#live.sum(), built: this.#built.sum(), differences }
  }
}

class RunningSum {
  documents = 0
  readonly #hash: Hash = createHash('sha256')

  add(ledgerId: LedgerId, texts: ReadonlyMap<string, string>): void {
    this.documents += texts.size
    for (const [id, text] of texts) this.#hash.update(`${ledgerId} ${id} ${text}\n`)
  }

  sum(): Sum {
    return { documents: this.documents, checksum: this.#hash.digest('hex') }
  }
}
