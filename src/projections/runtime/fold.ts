import type { RecordedEvent } from '#events/envelope.ts'
import { DocumentDamaged } from '#ports/damaged-document.ts'
import type {
  Checkpoint,
  ModelChange,
  Parked,
  ReadModelWriter,
  StoredDocument,
} from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import type { Skips } from '#projections/runtime/act-log.ts'
import { closedBefore, partsMissing } from '#projections/runtime/closings.ts'
import type { Reading } from '#projections/runtime/deliveries.ts'
import { evolved } from '#projections/runtime/evolved.ts'
import { assertFit } from '#projections/runtime/fit.ts'
import type { LedgerId } from '#values/ids.ts'

/** Events of one ledger for one projection: the first comes right after the checkpoint, the rest without a gap. */
export type FoldTask = {
  readonly projection: Projection & { readonly build?: number }
  readonly ledgerId: LedgerId
  readonly checkpoint: Checkpoint | undefined
  readonly readings: readonly Reading[]
  readonly skips: Skips
  /** Looks at every document that an event makes: a store has refused one of them. */
  readonly isCareful?: boolean
}

/** `event` is undefined where it is gone past. */
type Step = {
  readonly revision: bigint
  readonly event: RecordedEvent | undefined
  readonly keys: readonly string[]
}
type Load = (ids: readonly string[]) => Promise<readonly StoredDocument[]>

const reasonLengthMax = 500

/** When a ledger is parked before its first event: nothing was ever applied. */
export const neverBegun: Checkpoint = { revision: -1n, recordedAt: '1970-01-01T00:00:00.000Z' }

/**
 * Loads the documents that the events touch in one read and folds. One change, or several to be stored in their
 * order where there are more than `documentsMax` documents. Stops before a poison event: the last change parks there.
 */
export async function foldTask(
  task: FoldTask,
  writer: Pick<ReadModelWriter, 'load'>,
  documentsMax: number,
): Promise<readonly ModelChange[]> {
  const { projection, ledgerId } = task
  const load: Load = (ids) => writer.load(projection, ledgerId, ids)
  const planned = planSteps(task)
  const {
    loaded,
    steps,
    parked: stop,
  } = await loadedFor(planned, projection.appendOnly === true ? nothing : load)
  const fold = new Fold(task, loaded, documentsMax)
  return fold.finish((await fold.apply(steps, load)) ?? stop)
}

const nothing: Load = async () => []

type Planned = { readonly steps: readonly Step[]; readonly parked?: Parked }
type Loaded = Planned & { readonly loaded: readonly StoredDocument[] }

/** The documents that the steps touch; those steps are left from the first one on whose document is damaged. */
async function loadedFor(planned: Planned, load: Load): Promise<Loaded> {
  const { steps } = planned
  const ids = new Set(steps.flatMap(({ keys }) => keys))
  const loaded = await loadedOrDamage(load, [...ids])
  if (!(loaded instanceof DocumentDamaged)) return { ...planned, loaded }
  const stopAt = steps.findIndex(({ keys }) => keys.includes(loaded.id))
  const stop = steps[stopAt]
  if (stop === undefined) throw loaded
  const parked = { revision: stop.revision, reason: reasonOf(loaded) }
  return loadedFor({ steps: steps.slice(0, stopAt), parked }, load)
}

/** The documents, or why one of them can't be read. */
async function loadedOrDamage(
  load: Load,
  ids: readonly string[],
): Promise<readonly StoredDocument[] | DocumentDamaged> {
  if (ids.length === 0) return []
  try {
    return await load(ids)
  } catch (error) {
    if (error instanceof DocumentDamaged) return error
    throw error
  }
}

function planSteps({ projection, ledgerId, readings, skips }: FoldTask): Planned {
  const steps: Step[] = []
  for (const reading of readings) {
    const { revision } = reading
    if (skips.isSkipped(projection, ledgerId, revision)) {
      steps.push({ revision, event: undefined, keys: [] })
      continue
    }
    if (!('event' in reading)) return { steps, parked: { revision, reason: reading.unreadable } }
    try {
      steps.push({ revision, event: reading.event, keys: projection.keysOf(reading.event) })
    } catch (error) {
      return { steps, parked: { revision, reason: reasonOf(error) } }
    }
  }
  return { steps }
}

/** The documents of one task while its events are folded into them. */
class Fold {
  readonly #task: FoldTask
  readonly #documentsMax: number
  readonly #documents: Map<string, StoredDocument>
  readonly #changes: ModelChange[] = []
  #changed = new Map<string, StoredDocument>()
  #checkpoint: Checkpoint | undefined
  #expected: bigint | undefined

  constructor(task: FoldTask, loaded: readonly StoredDocument[], documentsMax: number) {
    this.#task = task
    this.#documentsMax = documentsMax
    this.#documents = new Map(loaded.map((stored) => [stored.id, stored]))
    this.#checkpoint = task.checkpoint
    this.#expected = task.checkpoint?.revision
  }

  /** Applies the events up to the first that throws; says which and why. Loads what closed documents are made of. */
  async apply(steps: readonly Step[], load: Load): Promise<Parked | undefined> {
    const folding = { projection: this.#task.projection, documents: this.#documents }
    for (const step of steps) {
      const { revision, event } = step
      const { recordedAt } = event ?? this.#checkpoint ?? neverBegun
      let missing: readonly string[] = []
      try {
        if (event !== undefined) missing = partsMissing(folding, event, step.keys)
      } catch (error) {
        return { revision, reason: reasonOf(error) }
      }
      const more = await loadedOrDamage(load, missing)
      if (more instanceof DocumentDamaged) return { revision, reason: reasonOf(more) }
      for (const stored of more) this.#documents.set(stored.id, stored)
      try {
        if (event !== undefined) this.#take(this.#evolved(event, step.keys))
      } catch (error) {
        return { revision, reason: reasonOf(error) }
      }
      this.#checkpoint = { revision, recordedAt }
    }
    return undefined
  }

  /** The changes, in the order in which they have to be stored. */
  finish(parked: Parked | undefined): readonly ModelChange[] {
    const { revision, recordedAt } = this.#checkpoint ?? neverBegun
    this.#cut(parked === undefined ? { revision, recordedAt } : { revision, recordedAt, parked })
    return this.#changes
  }

  /** All documents after one event, or a throw and none. A document that already contains the event stays. */
  #evolved(event: RecordedEvent, keys: readonly string[]): readonly StoredDocument[] {
    const { revision } = event
    const made: StoredDocument[] = []
    for (const id of keys) {
      const before = this.#documents.get(id)
      if (before !== undefined && before.revision >= revision) continue
      const { projection } = this.#task
      made.push(...closedBefore({ projection, documents: this.#documents }, event, id))
      const document = evolved(this.#task, before, { event, id })
      made.push({ id, revision, document })
    }
    if (this.#task.isCareful === true)
      for (const { id, document } of made) assertFit(this.#task.projection, id, document)
    return made
  }

  #take(made: readonly StoredDocument[]): void {
    const size = this.#changed.size
    if (size > 0 && size + made.length > this.#documentsMax) this.#cut(this.#checkpoint)
    for (const stored of made) {
      this.#documents.set(stored.id, stored)
      this.#changed.set(stored.id, stored)
    }
  }

  #cut(checkpoint: Checkpoint | undefined): void {
    if (checkpoint === undefined) return
    const { projection: model, ledgerId } = this.#task
    const documents = [...this.#changed.values()]
    this.#changes.push({ model, ledgerId, expected: this.#expected, checkpoint, documents })
    this.#expected = checkpoint.revision
    this.#changed = new Map()
  }
}

function reasonOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : 'the fold failed'
  return reason.slice(0, reasonLengthMax)
}
