import type { RecordedEvent } from '#events/envelope.ts'
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
  const planned = planSteps(task)
  const ids = new Set(planned.steps.flatMap(({ keys }) => keys))
  const skipsLoad = projection.appendOnly === true || ids.size === 0
  const loaded = skipsLoad ? [] : await writer.load(projection, ledgerId, [...ids])
  const fold = new Fold(task, loaded, documentsMax)
  const load = (parts: readonly string[]) => writer.load(projection, ledgerId, parts)
  const parked = (await fold.apply(planned.steps, load)) ?? planned.parked
  return fold.finish(parked)
}

function planSteps({ projection, ledgerId, readings, skips }: FoldTask): {
  steps: readonly Step[]
  parked?: Parked
} {
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
      if (missing.length > 0)
        for (const stored of await load(missing)) this.#documents.set(stored.id, stored)
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
