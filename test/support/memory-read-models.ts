import {
  type Build,
  type BuiltModel,
  type Checkpoint,
  type Document,
  type Lease,
  type ModelBuild,
  type ModelChange,
  type Parked,
  type ReadModelShape,
  type ReadModels,
  ReadModelsUnavailable,
  type ReadModelWriter,
  type ReadView,
  type StoredDocument,
} from '#ports/read-models.ts'
import { DocumentUnfit } from '#ports/refused-documents.ts'
import { assertFit } from '#projections/runtime/fit.ts'
import { MemoryBuilds } from '#test/support/memory-builds.ts'
import { search } from '#test/support/document-search.ts'
import type { LedgerId } from '#values/ids.ts'

type LedgerModel = {
  readonly checkpoint: Checkpoint | undefined
  readonly documents: ReadonlyMap<string, StoredDocument>
}
type Model = ReadonlyMap<LedgerId, LedgerModel>

const longAgo = '1970-01-01T00:00:00.000Z'

/**
 * `tears` is asked at every commit: true leaves its documents stored, its checkpoints not, and fails. `takesAll`: documents
 * that no store would take, as somebody's who has tampered with one.
 */
type Faults = { readonly tears?: () => boolean; readonly takesAll?: boolean }

/** Both sides of read models kept in this process, by the rules of the port: for tests. */
export function openMemoryReadModels(faults: Faults = {}): ReadModels & ReadModelWriter {
  const store = new MemoryReadModels(faults)
  return {
    prepare: async (model) => store.prepare(model),
    checkpoint: async (model, ledgerId) => store.ledger(model, ledgerId)?.checkpoint,
    load: async (model, ledgerId, ids) => store.load(model, ledgerId, ids),
    faults: async () => [],
    builds: async (model) => store.builds.of(model),
    servingVersion: async (name) => store.builds.serving({ name })?.version,
    startBuild: async (model, startedAt) => store.startBuild(model, startedAt),
    serveBuild: async (model) => store.serveBuild(model),
    dropBuild: async (model) => store.dropBuild(model),
    commit: async (changes) => store.commit(changes),
    feedPosition: async (feed) => store.feeds.get(feed),
    saveFeedPosition: async (feed, position) => void store.feeds.set(feed, position),
    forgetFeedPosition: async (feed) => void store.feeds.delete(feed),
    lease: async (name) => store.leases.get(name),
    moveLease: async (name, seen, holder) => store.moveLease(name, seen, holder),
    view: async (ledgerId) => store.view(ledgerId),
    checkpoints: async (model) => store.checkpointsIn(store.builds.toRead(model)),
    parked: async (model) =>
      [...store.checkpointsIn(store.builds.toRead(model))].flatMap(([ledgerId, { parked }]) =>
        parked === undefined ? [] : [ledgerId],
      ),
    ledgers: async (model) => store.ledgersIn(store.builds.toRead(model)),
    check: async () => {},
    async [Symbol.asyncDispose]() {},
  }
}

/** Never changes a map that it has handed out, so that a view stands still. */
class MemoryReadModels {
  readonly feeds = new Map<string, bigint>()
  readonly leases = new Map<string, Lease>()
  builds = new MemoryBuilds()
  readonly #faults: Faults
  #models: ReadonlyMap<string, Model> = new Map()

  constructor(faults: Faults) {
    this.#faults = faults
  }

  prepare(model: ModelBuild): void {
    if (this.builds.isNew(model)) this.startBuild(model, longAgo, 'serving')
    this.#put(this.builds.meant(model), this.#model(model))
  }

  startBuild(model: ReadModelShape, startedAt: string, state: Build['state'] = 'building'): number {
    this.builds = this.builds.with(model, { startedAt, state })
    return this.builds.last(model)
  }

  serveBuild(model: BuiltModel): boolean {
    const state = this.builds.stateOf(model)
    if (state !== 'building') return state === 'serving'
    const before = this.builds.serving(model)
    for (const [ledgerId, { revision }] of before ? this.checkpointsIn(before) : [])
      if (revision > (this.ledger(model, ledgerId)?.checkpoint?.revision ?? -1n)) return false
    if (before !== undefined) this.builds = this.builds.changed(before, 'retired')
    this.builds = this.builds.changed(model, 'serving')
    return true
  }

  dropBuild(model: BuiltModel): void {
    if (this.builds.stateOf(model) === 'serving') throw new Error(`${keyOf(model)} serves`)
    this.builds = this.builds.changed(model, 'dropped')
    this.#put(model, new Map())
  }

  ledger(model: ModelBuild, ledgerId: LedgerId): LedgerModel | undefined {
    return this.#model(model).get(ledgerId)
  }

  load(model: ModelBuild, ledgerId: LedgerId, ids: readonly string[]): readonly StoredDocument[] {
    const documents = this.ledger(model, ledgerId)?.documents
    return ids.flatMap((id) => documents?.get(id) ?? [])
  }

  commit(changes: readonly ModelChange[]): boolean {
    const targets = new Set(
      changes.map(({ model, ledgerId }) => `${keyOf(this.builds.meant(model))} ${ledgerId}`),
    )
    if (targets.size < changes.length) throw new Error('two changes move one checkpoint')
    const current = ({ model, ledgerId, expected }: ModelChange) =>
      this.builds.isWritable(this.builds.meant(model)) &&
      this.ledger(model, ledgerId)?.checkpoint?.revision === expected
    if (!changes.every(current)) return false
    if (this.#faults.takesAll !== true) for (const change of changes) assertFitting(change)
    const torn = this.#faults.tears?.() ?? false
    for (const change of changes) this.#store(change, torn)
    if (torn) throw new ReadModelsUnavailable('cut off before the checkpoints moved')
    return true
  }

  moveLease(name: string, seen: Lease | undefined, holder: string): boolean {
    const current = this.leases.get(name)
    if (current?.holder !== seen?.holder || current?.beat !== seen?.beat) return false
    this.leases.set(name, { holder, beat: (seen?.beat ?? 0n) + 1n })
    return true
  }

  checkpointsIn(model: BuiltModel): ReadonlyMap<LedgerId, Checkpoint> {
    return new Map(
      [...this.#model(model)].flatMap(([ledgerId, { checkpoint }]) =>
        checkpoint === undefined ? [] : [[ledgerId, checkpoint]],
      ),
    )
  }

  ledgersIn(model: BuiltModel): readonly LedgerId[] {
    return [...this.#model(model)].flatMap(([ledgerId, { documents }]) =>
      documents.size === 0 ? [] : [ledgerId],
    )
  }

  view(ledgerId: LedgerId | undefined): ReadView {
    const models = this.#models
    const { builds } = this
    const ledgersOf = (model: ModelBuild): Model =>
      models.get(keyOf(builds.toRead(model))) ?? new Map()
    if (ledgerId === undefined) return viewOfAll(ledgersOf)
    const own = (model: ModelBuild) => ledgersOf(model).get(ledgerId)
    return {
      checkpoint: async (model) => own(model)?.checkpoint,
      get: async (model, id) => own(model)?.documents.get(id),
      find: async (model, find) => search(model, [...(own(model)?.documents.values() ?? [])], find),
      parked: async (model, among) => parkedIn(ledgersOf(model), among),
      async [Symbol.asyncDispose]() {},
    }
  }

  #model(model: ModelBuild): Model {
    return this.#models.get(keyOf(this.builds.meant(model))) ?? new Map<LedgerId, LedgerModel>()
  }

  #put(model: BuiltModel, content: Model): void {
    this.#models = new Map(this.#models).set(keyOf(model), content)
  }

  #store({ model, ledgerId, checkpoint, documents }: ModelChange, torn: boolean): void {
    const before = this.ledger(model, ledgerId)
    const after = new Map(before?.documents)
    for (const stored of documents) {
      if ((after.get(stored.id)?.revision ?? -1n) < stored.revision)
        after.set(stored.id, { ...stored, document: copied(stored.document) })
    }
    const moved = torn ? before?.checkpoint : checkpoint
    this.#put(
      this.builds.meant(model),
      new Map(this.#model(model)).set(ledgerId, { checkpoint: moved, documents: after }),
    )
  }
}

async function ofOneLedger(): Promise<never> {
  throw new Error('a view of all ledgers can only find')
}

function viewOfAll(ledgersOf: (model: ModelBuild) => Model): ReadView {
  return {
    checkpoint: ofOneLedger,
    get: ofOneLedger,
    find: async (model, find) => {
      const documents = [...ledgersOf(model)].flatMap(([ledgerId, ledger]) =>
        [...ledger.documents.values()].map((stored) => ({ ...stored, ledgerId })),
      )
      return search(model, documents, find)
    },
    parked: async (model, among) => parkedIn(ledgersOf(model), among),
    async [Symbol.asyncDispose]() {},
  }
}

function parkedIn(ledgers: Model, among: readonly LedgerId[]): ReadonlyMap<LedgerId, Parked> {
  return new Map(
    among.flatMap((ledgerId) => {
      const parked = ledgers.get(ledgerId)?.checkpoint?.parked
      return parked === undefined ? [] : [[ledgerId, parked]]
    }),
  )
}

function keyOf({ name, version, build }: BuiltModel): string {
  return `${name}@${version}.${build}`
}

/** What comes back from a store is what JSON keeps of it. */
/** @throws {DocumentUnfit} */
function assertFitting({ model, ledgerId, documents }: ModelChange): void {
  for (const { id, document } of documents)
    try {
      assertFit(model, id, document)
    } catch (cause) {
      throw new DocumentUnfit(model, ledgerId, { id, cause })
    }
}

function copied(document: Document): Document {
  const copy: Document = JSON.parse(JSON.stringify(document))
  return copy
}
