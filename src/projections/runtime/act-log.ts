import { projectionsStream } from '#events/stream-names.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import type { ReadModelShape } from '#ports/read-models.ts'
import { type DamagedAct, type RecordedAct, readActs } from '#projections/runtime/acts.ts'
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

type Reading = Pick<EventStore, 'readStream'>

/** The acts recorded until now. */
export async function readActLog(store: Reading): Promise<ActLog> {
  const acts = new ActLog(store)
  await acts.refresh()
  return acts
}

/** The acts recorded so far, as far as they were read. One that is damaged is as if nobody had recorded it. */
export class ActLog implements Skips {
  readonly #store: Reading
  readonly #logger: Pick<Logger, 'error'> | undefined
  readonly #skips: RecordedAct[] = []
  /** By model and ledger. */
  readonly #skipped = new Map<string, Set<bigint>>()
  readonly #acts: RecordedAct[] = []
  readonly #damaged: DamagedAct[] = []
  #place: bigint | undefined

  /** The logger is told once of each damaged act. */
  constructor(store: Reading, logger?: Pick<Logger, 'error'>) {
    this.#store = store
    this.#logger = logger
  }

  /** The place of the last act read, damaged or not; undefined: none. */
  get place(): bigint | undefined {
    return this.#place
  }

  get skips(): readonly RecordedAct[] {
    return this.#skips
  }

  get damaged(): readonly DamagedAct[] {
    return this.#damaged
  }

  /** Those that were read and come after the place. */
  after(place: bigint = -1n): readonly RecordedAct[] {
    return this.#acts.slice(this.#acts.findLastIndex((act) => act.place <= place) + 1)
  }

  /** Reads what was recorded since. */
  async refresh(): Promise<void> {
    for (const act of await readActs(this.#store, this.#place)) {
      if (act.place <= (this.#place ?? -1n)) continue
      this.#place = act.place
      if ('damage' in act) this.#tell(act)
      else this.#take(act)
    }
  }

  #tell(act: DamagedAct): void {
    this.#damaged.push(act)
    const fields = { stream: projectionsStream, revision: act.place.toString(), reason: act.damage }
    this.#logger?.error(fields, 'a recorded act is damaged: nobody acts on it')
  }

  #take(act: RecordedAct): void {
    this.#acts.push(act)
    if (act.act === 'skip') this.#skip(act)
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
