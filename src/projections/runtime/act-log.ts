import type { EventStore } from '#ports/event-store.ts'
import type { ReadModelShape } from '#ports/read-models.ts'
import { type RecordedAct, readActs } from '#projections/runtime/acts.ts'
import type { LedgerId } from '#values/ids.ts'

type Model = Pick<ReadModelShape, 'name' | 'version'>

/** Which events a projection goes past, for ever and in each of its builds. */
export type Skips = {
  isSkipped(model: Model, ledgerId: LedgerId, revision: bigint): boolean
}

/** Where nobody has skipped anything. */
export const noSkips: Skips = { isSkipped: () => false }

/** The acts recorded so far, as far as they were read. */
export class ActLog implements Skips {
  readonly #store: Pick<EventStore, 'readStream'>
  readonly #skips = new Map<string, RecordedAct>()
  readonly #acts: RecordedAct[] = []

  constructor(store: Pick<EventStore, 'readStream'>) {
    this.#store = store
  }

  /** The place of the last act read; undefined: none. */
  get place(): bigint | undefined {
    return this.#acts.at(-1)?.place
  }

  get skips(): readonly RecordedAct[] {
    return [...this.#skips.values()]
  }

  /** Those that were read and come after the place. */
  after(place: bigint | undefined): readonly RecordedAct[] {
    return this.#acts.slice(Number((place ?? -1n) + 1n))
  }

  /** Reads what was recorded since. */
  async refresh(): Promise<void> {
    for (const act of await readActs(this.#store, this.place)) {
      if (act.place !== (this.place ?? -1n) + 1n) continue
      this.#acts.push(act)
      const { projection: name, version, ledgerId, revision } = act
      const key = keyOf({ name, version }, ledgerId, revision)
      if (act.act === 'skip' && !this.#skips.has(key)) this.#skips.set(key, act)
    }
  }

  isSkipped(model: Model, ledgerId: LedgerId, revision: bigint): boolean {
    return this.#skips.size > 0 && this.#skips.has(keyOf(model, ledgerId, revision))
  }
}

function keyOf({ name, version }: Model, ledgerId: LedgerId, revision: bigint): string {
  return `${name}@${version} ${ledgerId} ${revision}`
}
