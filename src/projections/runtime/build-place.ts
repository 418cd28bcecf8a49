import type { Clock } from '#ports/clock.ts'
import type { ReadModelWriter } from '#ports/read-models.ts'
import { buildFeed } from '#projections/runtime/build-feed.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'

export type BuildPlaceParts = {
  readonly writer: Pick<ReadModelWriter, 'feedPosition' | 'saveFeedPosition'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly persist: <Result>(work: () => Promise<Result>) => Promise<Result>
}

/** Whoever goes on with the builds reads anew what was read since: it costs him this long, and nothing is applied twice. */
const savedEveryMs = 1_000

/** How far builds that are filled together have come in the log. */
export class BuildPlace {
  readonly #parts: BuildPlaceParts
  readonly #models: readonly LiveModel[]
  #position: bigint | undefined
  #saved: bigint | undefined
  #savedAtMs: number

  constructor(parts: BuildPlaceParts, models: readonly LiveModel[]) {
    this.#parts = parts
    this.#models = models
    this.#savedAtMs = parts.clock.monotonic()
  }

  /** Of the last event that all of them have; undefined: of none. */
  get position(): bigint | undefined {
    return this.#position
  }

  async read(): Promise<void> {
    const { writer, persist } = this.#parts
    const positions = await persist(() =>
      Promise.all(this.#models.map((model) => writer.feedPosition(buildFeed(model)))),
    )
    this.#position = positions.reduce(earlier, positions[0])
    this.#saved = this.#position
  }

  /** Stored once in a while: each time costs as much as some hundred documents. */
  async moveTo(position: bigint): Promise<void> {
    this.#position = position
    if (this.#parts.clock.monotonic() - this.#savedAtMs >= savedEveryMs) await this.save()
  }

  async save(): Promise<void> {
    const { writer, persist, clock } = this.#parts
    const position = this.#position
    if (position === undefined || position === this.#saved) return
    for (const model of this.#models)
      await persist(() => writer.saveFeedPosition(buildFeed(model), position))
    this.#saved = position
    this.#savedAtMs = clock.monotonic()
  }
}

function earlier(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return undefined
  return one < other ? one : other
}
