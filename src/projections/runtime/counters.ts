import type { Checkpoint, ReadModelShape } from '#ports/read-models.ts'

/** What a projector has done in one projection since it began. */
export type ProjectionCounters = {
  readonly name: string
  readonly version: number
  /** Events applied and stored. */
  readonly eventsApplied: number
  /** Events delivered again that the model already had. */
  readonly duplicatesDropped: number
  /** Holes in what was delivered that were filled from the log. */
  readonly gapsHealed: number
  /** Times a ledger was parked. */
  readonly ledgersParked: number
}

type Counter = 'eventsApplied' | 'duplicatesDropped' | 'gapsHealed' | 'ledgersParked'

const zero = { eventsApplied: 0, duplicatesDropped: 0, gapsHealed: 0, ledgersParked: 0 }

/** Counts per projection, and the retries of all. */
export class Counters {
  readonly #counts = new Map<string, ProjectionCounters>()
  /** Attempts repeated because the read models or the log couldn't serve, or another projector was first. */
  retries = 0

  constructor(models: readonly ReadModelShape[]) {
    for (const model of models) this.#add(model, 'eventsApplied', 0)
  }

  get projections(): readonly ProjectionCounters[] {
    return [...this.#counts.values()]
  }

  dropped(model: ReadModelShape, duplicates: number): void {
    this.#add(model, 'duplicatesDropped', duplicates)
  }

  healed(model: ReadModelShape): void {
    this.#add(model, 'gapsHealed', 1)
  }

  stored(model: ReadModelShape, expected: bigint | undefined, checkpoint: Checkpoint): void {
    this.#add(model, 'eventsApplied', Number(checkpoint.revision - (expected ?? -1n)))
    if (checkpoint.parked !== undefined) this.#add(model, 'ledgersParked', 1)
  }

  #add({ name, version }: ReadModelShape, counter: Counter, amount: number): void {
    const key = `${name}@${version}`
    const counts = this.#counts.get(key) ?? { name, version, ...zero }
    this.#counts.set(key, { ...counts, [counter]: counts[counter] + amount })
  }
}
