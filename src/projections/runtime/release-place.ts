import type { Clock } from '#ports/clock.ts'
import type { ReadModels, ReadModelWriter } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import { servingModels } from '#projections/runtime/live-models.ts'
import type { Projector } from '#projections/runtime/projector.ts'
import type { LedgerId } from '#values/ids.ts'

type Positions = Pick<ReadModelWriter, 'feedPosition' | 'saveFeedPosition'>

export type ReleasePlaceParts = {
  /** Whose place the releases share. */
  readonly feed: string
  readonly positions: Positions
  readonly projections: readonly Projection[]
  readonly clock: Pick<Clock, 'monotonic'>
}

/** Whoever goes on from there reads so much anew, and nothing is applied twice. */
const notedEveryMs = 1_000

/**
 * How far in the log all read models of a release were brought. Releases share the place of the feed, and one that is at
 * work alone, as after a step back, moves it past events that the read models it does not know lack ever after.
 */
export class ReleasePlace {
  readonly #parts: ReleasePlaceParts
  readonly #name: string
  #notedAtMs = Number.NEGATIVE_INFINITY

  constructor(parts: ReleasePlaceParts) {
    this.#parts = parts
    const known = parts.projections.map(({ name, version }) => `${name}@${version}`)
    this.#name = `${parts.feed} of ${known.join(' ')}`
  }

  /** Where the feed of this release goes on; it moves the shared place, and once in a while its own. */
  get positions(): Positions {
    const { feed, positions, clock } = this.#parts
    return {
      feedPosition: async () => (await this.#own()) ?? (await positions.feedPosition(feed)),
      saveFeedPosition: async (_feed, position) => {
        await positions.saveFeedPosition(feed, position)
        if (clock.monotonic() - this.#notedAtMs >= notedEveryMs) await this.#note(position)
      },
    }
  }

  /**
   * The first time that this release is at work, and another was before it: brings up what that one did not know.
   * @throws what the projector and the read models throw.
   */
  async begin(
    readModels: Pick<ReadModels, 'builds' | 'checkpoints'>,
    projector: Pick<Projector, 'retry'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { feed, positions, projections } = this.#parts
    const from = await positions.feedPosition(feed)
    if (from === undefined || (await this.#own()) !== undefined) return
    for (const ledgerId of await leftBehind(readModels, projections))
      await projector.retry(ledgerId, signal)
    await this.#note(from)
  }

  #own(): Promise<bigint | undefined> {
    return this.#parts.positions.feedPosition(this.#name)
  }

  async #note(position: bigint): Promise<void> {
    const { positions, clock } = this.#parts
    await positions.saveFeedPosition(this.#name, position)
    this.#notedAtMs = clock.monotonic()
  }
}

/** How far the read models that have a ledger are, and how many of them there are. */
type Span = { least: bigint; most: bigint; models: number }

/** The ledgers in which some read model that serves has less than another. */
async function leftBehind(
  readModels: Pick<ReadModels, 'builds' | 'checkpoints'>,
  projections: readonly Projection[],
): Promise<readonly LedgerId[]> {
  const models = await servingModels(readModels, projections)
  const spans = new Map<LedgerId, Span>()
  for (const model of models)
    for (const [ledgerId, { revision }] of await readModels.checkpoints(model)) {
      const span = spans.get(ledgerId) ?? { least: revision, most: revision, models: 0 }
      span.least = revision < span.least ? revision : span.least
      span.most = revision > span.most ? revision : span.most
      span.models += 1
      spans.set(ledgerId, span)
    }
  const isBehind = ({ least, most, models: having }: Span) => least < most || having < models.length
  return [...spans].flatMap(([ledgerId, span]) => (isBehind(span) ? [ledgerId] : []))
}
