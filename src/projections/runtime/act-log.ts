import type { EventStore } from '#ports/event-store.ts'
import type { ReadModelShape } from '#ports/read-models.ts'
import { type RecordedAct, readActs } from '#projections/runtime/acts.ts'
import type { LedgerId } from '#values/ids.ts'

type Model = Pick<ReadModelShape, 'name' | 'version'>

/** Which events a projection goes past, for ever and in each of its builds. */
export type Skips = {
  isSkipped(model: Model, ledgerId: LedgerId, revision: bigint): boolean
  /** Whether any event is that comes after the one and before the other. */
  isSkippedBetween(model: Model, ledgerId: LedgerId, between: Between): boolean
}

type Between = { readonly after: bigint; readonly before: bigint }

/** Where nobody has skipped anything. */
export const noSkips: Skips = { isSkipped: () => false, isSkippedBetween: () => false }

/** The acts recorded so far, as far as they were read. */
export class ActLog implements Skips {
  readonly #store: Pick<EventStore, 'readStream'>
  readonly #skips: RecordedAct[] = []
  /** By model and ledger. */
  readonly #skipped = new Map<string, Set<bigint>>()
  readonly #acts: RecordedAct[] = []

  constructor(store: Pick<EventStore, 'readStream'>) {
    this.#store = store
  }

  /** The place of the last act read; undefined: none. */
  get place(): bigint | undefined {
    return this.#acts.at(-1)?.place
  }

  get skips(): readonly RecordedAct[] {
    return this.#skips
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
      if (act.act === 'skip') this.#skip(act)
    }
  }

  #skip(act: RecordedAct): void {
    const { projection: name, version, ledgerId, revision } = act
    const key = keyOf({ name, version }, ledgerId)
    const skipped = this.#skipped.get(key) ?? new Set()
    if (!skipped.has(revision)) this.#skips.push(act)
    this.#skipped.set(key, skipped.add(revision))
  }

  isSkipped(model: Model, ledgerId: LedgerId, revision: bigint): boolean {
    return this.#skippedIn(model, ledgerId)?.has(revision) === true
  }

  isSkippedBetween(model: Model, ledgerId: LedgerId, { after, before }: Between): boolean {
    const skipped = this.#skippedIn(model, ledgerId)
    if (skipped === undefined) return false
    for (const revision of skipped) if (after < revision && revision < before) return true
    return false
  }

  #skippedIn(model: Model, ledgerId: LedgerId): ReadonlySet<bigint> | undefined {
    return this.#skips.length === 0 ? undefined : this.#skipped.get(keyOf(model, ledgerId))
  }
}

function keyOf({ name, version }: Model, ledgerId: LedgerId): string {
  return `${name}@${version} ${ledgerId}`
}
