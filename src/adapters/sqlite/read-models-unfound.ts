import { tableOf } from '#adapters/sqlite/read-models-collection.ts'
import { type BuiltModel, isBuilt, type ModelChange } from '#ports/read-models.ts'

/** So many documents are sorted into an index within about a second, in which nobody else can write. */
const unfoundMax = 2_000_000

/** Counts what is stored in builds that still lack their indexes, and has these made before that takes too long. */
export class Unfound {
  readonly #makeFindable: (model: BuiltModel) => Promise<void>
  readonly #documents = new Map<string, number>()

  constructor(makeFindable: (model: BuiltModel) => Promise<void>) {
    this.#makeFindable = makeFindable
  }

  async stored(changes: readonly ModelChange[]): Promise<void> {
    for (const { model, documents } of changes) {
      if (!isBuilt(model)) continue
      const table = tableOf(model)
      const before = this.#documents.get(table) ?? 0
      const after = before + documents.length
      this.#documents.set(table, after)
      if (before < unfoundMax && after >= unfoundMax) await this.#makeFindable(model)
    }
  }
}
