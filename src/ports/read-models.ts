import type { LedgerId } from '#values/ids.ts'
import type { JsonObject } from '#values/json.ts'

/** What a store has to know of a read model: one collection of documents, the fields to filter and sort by, the indexes. */
export type ReadModelShape = {
  readonly name: string
  readonly version: number
  /** Top-level members of a document that are filtered or sorted by; `integer` ones are decimal strings of a revision, compared as numbers. */
  readonly fields: Readonly<Record<string, 'text' | 'integer'>>
  /** The field that says the same as a document's id, where one does: a store need not keep both. Never absent. */
  readonly id?: string
  /** Fields that most documents lack. An index that begins with one need not hold those, and a find through it says which value. */
  readonly sparse?: readonly string[]
  /** Fields of which hardly two documents have the same value. A find through an index that begins with one says which value. */
  readonly selective?: readonly string[]
  /** Each begins, in the store, with the ledger (but for those in `acrossLedgers`) and ends with the document's id. */
  readonly indexes: readonly (readonly string[])[]
  /** Indexes that span all ledgers. */
  readonly acrossLedgers?: readonly (readonly string[])[]
  /** No document is ever written a second time. */
  readonly appendOnly?: true
  /** The version that answers queries until this one has been built. Only the query side looks at it. */
  readonly previous?: ReadModelShape
}

/** A read model, or one build of it. Without `build` the one that serves at that moment is meant. */
export type ModelBuild = ReadModelShape & { readonly build?: number }

/** One build of a read model. */
export type BuiltModel = ReadModelShape & { readonly build: number }

/** Whether the model names its build. */
export function isBuilt<Model extends ModelBuild>(model: Model): model is Model & BuiltModel {
  return model.build !== undefined
}

/** The model and the versions before it. */
export function versionsOf<Model extends ReadModelShape & { readonly previous?: Model }>(
  model: Model,
): readonly Model[] {
  const { previous } = model
  return previous === undefined ? [model] : [model, ...versionsOf(previous)]
}

/**
 * One set of a model's documents and checkpoints. `building`: made beside what serves; `serving`: what queries read, one
 * at most of all versions of a name; `retired`: neither read nor written any more. Numbers are never used again.
 */
export type Build = {
  readonly number: number
  readonly state: 'building' | 'serving' | 'retired'
  readonly startedAt: string
}

/** A document: plain JSON, with amounts and revisions as decimal strings. */
export type Document = JsonObject

export type StoredDocument = {
  readonly id: string
  readonly revision: bigint
  readonly document: Document
  /** Only on what a view of all ledgers found. */
  readonly ledgerId?: LedgerId
  /** Only there: it can't be read, and has nothing but the fields that the store finds it by. */
  readonly damaged?: true
  /** Only in a change: it is written this once, and the other documents of the change count on it. */
  readonly closed?: true
  /** Only in what a find with `checksFields` found: the store has another than was stored, or finds it by other fields than it has. */
  readonly misfiled?: true
}

/** How far one ledger has come in one read model: the last revision applied, and why it stands still if it does. */
export type Checkpoint = {
  readonly revision: bigint
  readonly recordedAt: string
  readonly parked?: Parked
}

export type Parked = { readonly revision: bigint; readonly reason: string }

/** The documents of one ledger that a batch changed, and the checkpoint it moves. All or nothing. */
export type ModelChange = {
  readonly model: ModelBuild
  readonly ledgerId: LedgerId
  /** The checkpoint the fold began from; undefined where there was none. Fences out another projector. */
  readonly expected: bigint | undefined
  readonly checkpoint: Checkpoint
  readonly documents: readonly StoredDocument[]
}

/** A comparison on a declared field. Values of `integer` fields are decimal strings. */
export type Condition =
  | { readonly field: string; readonly is: string }
  | { readonly field: string; readonly oneOf: readonly string[] }
  | {
      readonly field: string
      readonly from?: string
      readonly before?: string
      readonly upTo?: string
    }
  | { readonly field: string; readonly prefix: string }

/**
 * Asks for documents in the order of `orderBy` and then id (as text, or as the field that has it); `after` holds the values of those fields and the id of the last one seen.
 * Documents of all ledgers may share all of these: then its ledgerId comes last in `after`, in an order of the store's own.
 */
export type Find = {
  readonly where: readonly Condition[]
  readonly orderBy: readonly string[]
  readonly descending?: boolean
  readonly after?: readonly string[]
  readonly limit: number
  /**
   * Also finds documents that are ahead of the view, as they are now; never `ReadViewOutdated`. For who takes of them
   * only what their revision allows; the fields of `where` and `orderBy` must be ones that never change.
   */
  readonly evenAhead?: true
  /**
   * Says of each document whether the store finds it by the fields that it has, for who audits. In one ledger, without
   * conditions, in the order of ids. One that the store has under no id comes first, with an empty one.
   */
  readonly checksFields?: true
}

/**
 * One consistent moment of one ledger's read models. One of all ledgers, opened without one, can only `find` and say
 * who is `parked`; then each document is whole, but two need not be of one moment.
 * Every method may throw `ReadViewOutdated` where the store no longer has that moment: open another view and ask again.
 */
export type ReadView = AsyncDisposable & {
  /** What the model had applied of the ledger before any document of this view was read; undefined: nothing. */
  checkpoint(model: ModelBuild): Promise<Checkpoint | undefined>
  get(model: ModelBuild, id: string): Promise<StoredDocument | undefined>
  /** In a build that does not serve yet, only without conditions, in the order of ids. */
  find(model: ModelBuild, find: Find): Promise<readonly StoredDocument[]>
  /** Of some ledgers, few enough for one read, those that are parked in the model: asked after `find`, of what it found. */
  parked(model: ModelBuild, among: readonly LedgerId[]): Promise<ReadonlyMap<LedgerId, Parked>>
}

/** The moment that a view showed is no longer kept: what was read of it is right, the rest has to be asked of a new view. */
export class ReadViewOutdated extends Error {
  override readonly name = 'ReadViewOutdated'
}

/** The read models cannot be reached now. */
export class ReadModelsUnavailable extends Error {
  override readonly name = 'ReadModelsUnavailable'
}

/** A mark of what was stored when it was taken: says nothing by itself, only whether it equals another. */
export type Stamp = string

/** The query side of the read models. */
export type ReadModels = AsyncDisposable & {
  /**
   * A stamp of what the models, as one reads them without naming a build, say of one ledger, or of all. Two that are
   * equal: every view opened after the first was taken and before the second showed the same of them, whoever commits,
   * parks, switches builds or makes the store anew. Undefined where that can't be told now. A store lacks it that could
   * tell only at the price of a view.
   */
  stamp?(
    ledgerId: LedgerId | undefined,
    models: readonly ReadModelShape[],
  ): Promise<Stamp | undefined>
  /** Opens a view of the ledger in which all models asked stand still. Bounded: waits for its turn where too many are open. */
  view(ledgerId: LedgerId | undefined): Promise<ReadView>
  /** Every ledger's checkpoint in one model. */
  checkpoints(model: ModelBuild): Promise<ReadonlyMap<LedgerId, Checkpoint>>
  /** All ledgers that are parked in one model: costs what there are of these, not of ledgers. */
  parked(model: ModelBuild): Promise<readonly LedgerId[]>
  /**
   * Every ledger that a model has documents of, with a checkpoint or without: for who audits. Documents of no ledger at all
   * come under a name that none can have.
   */
  ledgers(model: ModelBuild): Promise<readonly LedgerId[]>
  /**
   * Where what the store made for these models (all that there are, and the versions before them) is gone, is another, or
   * has foreign things beside it; and where its files are Daybook's, what it finds wrong in them by reading all of them. A
   * sentence each.
   */
  faults(models: readonly ReadModelShape[]): Promise<readonly string[]>
  /** What there is of this version, in the order of their numbers; what was dropped is left out. */
  builds(model: ReadModelShape): Promise<readonly Build[]>
  /** How far a feed of the log itself has been read. */
  feedPosition(feed: string): Promise<bigint | undefined>
  /** As on the projector's side. */
  lease(name: string): Promise<Lease | undefined>
  check(): Promise<void>
}

/** Who does some work that one process at a time should do. `beat` grows with every renewal. For thrift, never for correctness. */
export type Lease = { readonly holder: string; readonly beat: bigint }

/** The projector's side. */
export type ReadModelWriter = AsyncDisposable & {
  /**
   * Makes the collection and its indexes where they are not there yet. Without `build`: of the one that serves; where the
   * name has no build of any version, its first one is made and serves at once.
   */
  prepare(model: ModelBuild): Promise<void>
  checkpoint(model: ModelBuild, ledgerId: LedgerId): Promise<Checkpoint | undefined>
  load(
    model: ModelBuild,
    ledgerId: LedgerId,
    ids: readonly string[],
  ): Promise<readonly StoredDocument[]>
  /**
   * Stores the changes, each whole or not at all; no two move one checkpoint. Resolves to false when a checkpoint was not
   * where a change expected it, or its build is retired: another projector was first; read the builds and the checkpoints
   * again. Then nothing was stored, unless the other one was at it in the same moment. Whatever cuts a commit off: where
   * any other document of a change was stored, its closed ones were, too.
   * @throws {DocumentTooLarge | DocumentUnfit} of `refused-documents.ts`
   */
  commit(changes: readonly ModelChange[]): Promise<boolean>
  /** As on the query side. */
  builds(model: ReadModelShape): Promise<readonly Build[]>
  /** The version of this name that serves, whichever program made it; undefined: none does. */
  servingVersion(name: string): Promise<number | undefined>
  /** Makes an empty build beside the others; its number. */
  startBuild(model: ReadModelShape, startedAt: string): Promise<number>
  /**
   * From now on queries read this build; what served until then, of whichever version, is retired. False, for nothing
   * changed, while some ledger is further there than here, or where it is retired or dropped itself. A store without
   * transactions may let a ledger step back by what is committed in that moment.
   */
  serveBuild(model: BuiltModel): Promise<boolean>
  /** A build that doesn't serve goes, a bounded piece at a time; whoever still writes to it is refused. @throws where it serves. */
  dropBuild(model: BuiltModel): Promise<void>
  /** Where a feed of the log itself goes on reading; undefined at first. */
  feedPosition(feed: string): Promise<bigint | undefined>
  saveFeedPosition(feed: string, position: bigint): Promise<void>
  forgetFeedPosition(feed: string): Promise<void>
  /** Undefined where nobody ever held it. */
  lease(name: string): Promise<Lease | undefined>
  /** Gives the lease to `holder` with the next beat if it is still as `seen`; false where somebody else was first. */
  moveLease(name: string, seen: Lease | undefined, holder: string): Promise<boolean>
}
