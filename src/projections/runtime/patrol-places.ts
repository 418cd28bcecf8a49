import type { ReadModelWriter } from '#ports/read-models.ts'
import { type ModelBuild, isBuilt } from '#ports/read-models.ts'
import { buildFeed } from '#projections/runtime/build-feed.ts'

/** Under which name the patrol keeps its place in the log. */
export const patrolFeed = 'patrol'

type Positions = Pick<ReadModelWriter, 'feedPosition' | 'saveFeedPosition'>

/**
 * How far the patrol has come, in general and in each model that was built beside others. A projector of an older release
 * may have applied events to all models but such a one, and patrolled past them: the model's own place stays behind.
 */
export class PatrolPlaces {
  readonly #positions: Positions
  readonly #places = new Map<string, bigint | undefined>()

  constructor(positions: Positions) {
    this.#positions = positions
  }

  /** Where to go on: `position`, or further back where a model has not been looked at so far. */
  async from(
    position: bigint | undefined,
    models: readonly ModelBuild[],
  ): Promise<bigint | undefined> {
    let from = position
    const feeds = models.flatMap((model) => (isBuilt(model) ? [buildFeed(model)] : []))
    for (const feed of [patrolFeed, ...feeds]) {
      if (this.#places.has(feed)) continue
      const place = await this.#positions.feedPosition(feed)
      this.#places.set(feed, place)
      if (feed === patrolFeed) from = place
      else if (place !== undefined && from !== undefined && place < from) from = place
    }
    return from
  }

  /** Everything up to there was looked at. No place goes back. */
  async passed(position: bigint): Promise<void> {
    for (const [feed, place] of this.#places) {
      const isKept = feed === patrolFeed || place !== undefined
      if (!isKept || (place ?? -1n) >= position) continue
      await this.#positions.saveFeedPosition(feed, position)
      this.#places.set(feed, position)
    }
  }
}
