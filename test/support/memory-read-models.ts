import type {
  Checkpoint,
  Document,
  ModelChange,
  ReadModelShape,
  ReadModels,
  ReadModelWriter,
  ReadView,
  StoredDocument,
} from '#ports/read-models.ts'
import { search } from '#test/support/document-search.ts'
import type { LedgerId } from '#values/ids.ts'

type LedgerModel = {
  readonly checkpoint: Checkpoint | undefined
  readonly documents: ReadonlyMap<string, StoredDocument>
}
type Model = ReadonlyMap<LedgerId, LedgerModel>

/** Both sides of read models kept in this process, by the rules of the port: for tests. */
export function openMemoryReadModels(): ReadModels & ReadModelWriter {
  const store = new MemoryReadModels()
  return {
    prepare: async (model) => store.prepare(model),
    checkpoint: async (model, ledgerId) => store.ledger(model, ledgerId)?.checkpoint,
    load: async (model, ledgerId, ids) => store.load(model, ledgerId, ids),
    commit: async (changes) => store.commit(changes),
    feedPosition: async (feed) => store.feeds.get(feed),
    saveFeedPosition: async (feed, position) => void store.feeds.set(feed, position),
    view: async (ledgerId) => store.view(ledgerId),
    checkpoints: async (model) => store.checkpoints(model),
    check: async () => {},
    async [Symbol.asyncDispose]() {},
  }
}

/** Never changes a map that it has handed out, so that a view stands still. */
class MemoryReadModels {
  readonly feeds = new Map<string, bigint>()
  #models: ReadonlyMap<string, Model> = new Map()

  prepare(model: ReadModelShape): void {
    this.#put(model, this.#model(model))
  }

  ledger(model: ReadModelShape, ledgerId: LedgerId): LedgerModel | undefined {
    return this.#model(model).get(ledgerId)
  }

  load(
    model: ReadModelShape,
    ledgerId: LedgerId,
    ids: readonly string[],
  ): readonly StoredDocument[] {
    const documents = this.ledger(model, ledgerId)?.documents
    return ids.flatMap((id) => documents?.get(id) ?? [])
  }

  commit(changes: readonly ModelChange[]): boolean {
    const targets = new Set(changes.map(({ model, ledgerId }) => `${keyOf(model)} ${ledgerId}`))
    if (targets.size < changes.length) throw new Error('two changes move one checkpoint')
    const current = ({ model, ledgerId, expected }: ModelChange) =>
      this.ledger(model, ledgerId)?.checkpoint?.revision === expected
    if (!changes.every(current)) return false
    for (const change of changes) this.#store(change)
    return true
  }

  checkpoints(model: ReadModelShape): ReadonlyMap<LedgerId, Checkpoint> {
    return new Map(
      [...this.#model(model)].flatMap(([ledgerId, { checkpoint }]) =>
        checkpoint === undefined ? [] : [[ledgerId, checkpoint]],
      ),
    )
  }

  view(ledgerId: LedgerId | undefined): ReadView {
    const models = this.#models
    const ledgersOf = (model: ReadModelShape): readonly LedgerModel[] => {
      const all = models.get(keyOf(model)) ?? new Map<LedgerId, LedgerModel>()
      return [...all]
        .filter(([id]) => ledgerId === undefined || id === ledgerId)
        .map(([, of]) => of)
    }
    const documentsOf = (model: ReadModelShape) =>
      ledgersOf(model).flatMap(({ documents }) => [...documents.values()])
    return {
      checkpoint: async (model) =>
        ledgerId === undefined ? undefined : ledgersOf(model)[0]?.checkpoint,
      get: async (model, id) => documentsOf(model).find((stored) => stored.id === id),
      find: async (model, find) => search(model, documentsOf(model), find),
      async [Symbol.asyncDispose]() {},
    }
  }

  #model(model: ReadModelShape): Model {
    return this.#models.get(keyOf(model)) ?? new Map<LedgerId, LedgerModel>()
  }

  #put(model: ReadModelShape, content: Model): void {
    this.#models = new Map(this.#models).set(keyOf(model), content)
  }

  #store({ model, ledgerId, checkpoint, documents }: ModelChange): void {
    const after = new Map(this.ledger(model, ledgerId)?.documents)
    for (const stored of documents) {
      const before = after.get(stored.id)
      if (before === undefined || before.revision < stored.revision)
        after.set(stored.id, { ...stored, document: copied(stored.document) })
    }
    this.#put(model, new Map(this.#model(model)).set(ledgerId, { checkpoint, documents: after }))
  }
}

function keyOf({ name, version }: ReadModelShape): string {
  return `${name}@${version}`
}

/** What comes back from a store is what JSON keeps of it. */
function copied(document: Document): Document {
  const copy: Document = JSON.parse(JSON.stringify(document))
  return copy
}
