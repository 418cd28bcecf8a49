import type { Clock } from '#ports/clock.ts'
import type { ReadModelWriter } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'

type Positions = Pick<ReadModelWriter, 'feedPosition' | 'saveFeedPosition'>

export type ReleasePlaceParts = {
  /** Whose place the releases share. */
  readonly feed: string
  readonly positions: Positions
  readonly projections: readonly Projection[]
  readonly clock: Pick<Clock, 'monotonic'>
}

/** What was read of the log while a release may not have been at work; without `after`, nobody knows since when. */
export type Missed = { readonly after: bigint | undefined; readonly upTo: bigint }

/** Whoever goes on from there reads so much anew, and nothing is applied twice. */
const notedEveryMs = 1_000

/**
 * How far in the log all read models of a release were brought. Releases share the place of the feed, and one that is at
 * work alone, as after a step back, moves it past events that the read models it does not know lack ever after.
 */
export class ReleasePlace {
  readonly #parts: ReleasePlaceParts
  readonly #name: string
  #reached: bigint | undefined
  #hasAll = false
  #notedAtMs = Number.NEGATIVE_INFINITY

  constructor(parts: ReleasePlaceParts) {
    this.#parts = parts
    const known = parts.projections.map(({ name, version }) => `${name}@${version}`)
    this.#name = `${parts.feed} of ${known.join(' ')}`
  }

  /** The feed goes on where it was when it began; it moves the shared place and, once nothing lacks, now and then its own. */
  get positions(): Positions {
    const { feed, positions, clock } = this.#parts
    return {
      feedPosition: async () => this.#reached,
      saveFeedPosition: async (_feed, position) => {
        await positions.saveFeedPosition(feed, position)
        this.#reached = position
        const isDue = clock.monotonic() - this.#notedAtMs >= notedEveryMs
        if (this.#hasAll && isDue) await this.#note(position)
      },
    }
  }

  /** Before the feed is followed: what the release may have missed until then, which the feed does not bring. */
  async begin(): Promise<Missed | undefined> {
    const { feed, positions } = this.#parts
    const after = await positions.feedPosition(this.#name)
    const upTo = await positions.feedPosition(feed)
    const isMissed = upTo !== undefined && (after === undefined || after < upTo)
    this.#reached = upTo
    this.#hasAll = !isMissed
    return isMissed ? { after, upTo } : undefined
  }

  /** What was missed was brought up. */
  async hasAll(): Promise<void> {
    this.#hasAll = true
    if (this.#reached !== undefined) await this.#note(this.#reached)
  }

  async #note(position: bigint): Promise<void> {
    const { positions, clock } = this.#parts
    await positions.saveFeedPosition(this.#name, position)
    this.#notedAtMs = clock.monotonic()
  }
}
