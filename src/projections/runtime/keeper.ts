import { buildMissing, type MissingParts } from '#projections/runtime/build-missing.ts'
import { systemPace } from '#ports/pace.ts'
import type { ReadModelWriter } from '#ports/read-models.ts'
import { BuildGone } from '#projections/runtime/build-errors.ts'
import { buildFeed } from '#projections/runtime/build-feed.ts'
import { Builder } from '#projections/runtime/builder.ts'
import { dropLeftBuilds } from '#projections/runtime/left-builds.ts'
import { projectorLimits } from '#projections/runtime/limits.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import type { Projector } from '#projections/runtime/projector.ts'
import { retrying } from '#projections/runtime/retrying.ts'

/** Under which name it is kept up to which of the recorded acts somebody has acted. */
export const actsFeed = 'acts'

/** What keeps a running projector's read models as they ought to be. */
export type KeeperParts = MissingParts & {
  readonly projector: Projector
  readonly writer: MissingParts['writer'] & Pick<ReadModelWriter, 'forgetFeedPosition'>
  /** A patrol goes on where a build came to serve: until then its place in the log is kept. */
  readonly isPatrolled?: boolean
  readonly times?: KeeperTimes
}

/**
 * How often acts, builds and what is missing are looked for; what can't be built is tried again after `stuckMs`, or once
 * somebody has recorded an act.
 */
export type KeeperTimes = { readonly pollMs: number; readonly stuckMs: number }

const defaultTimes: KeeperTimes = { pollMs: 1_000, stuckMs: 30_000 }

/**
 * Acts on what people recorded, lets the projector go on with the builds that have come to serve, builds the
 * projections of which there is nothing yet, and drops builds that were left; until the signal aborts. @throws its reason, and on a bug.
 */
export async function keepModels(parts: KeeperParts, signal: AbortSignal): Promise<void> {
  const { pollMs, stuckMs } = parts.times ?? defaultTimes
  const { pace = systemPace } = parts
  let place = parts.acts.place
  const adopted = new Set<string>()
  // New names serve from the start: without that they would look as if they had to be built.
  await parts.projector.refresh(signal)
  const over = new AbortController()
  const until = AbortSignal.any([signal, over.signal])
  const repeat = async (work: (signal: AbortSignal) => Promise<void>) => {
    try {
      for (;;) {
        until.throwIfAborted()
        await work(until)
        await pace.pause(pollMs, until)
      }
    } catch (error) {
      // The other half ends with the same.
      over.abort(error)
      throw error
    }
  }
  const followed = repeat(async (each) => {
    place = await takeActs(parts, place, each)
    await adopt(parts, { models: await parts.projector.refresh(each), adopted }, each)
  })
  const served: KeeperParts['served'] = new Map()
  const built = repeat(async (each) => {
    const known = parts.acts.place
    const isDone = await buildMissing({ ...parts, served }, each)
    await dropLeftBuilds(parts, each)
    const endMs = isDone ? 0 : stuckMs
    for (let waitedMs = 0; waitedMs < endMs && parts.acts.place === known; waitedMs += pollMs)
      await pace.pause(pollMs, each)
  })
  const results = await Promise.allSettled([followed, built])
  signal.throwIfAborted()
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Everybody tries for himself, and forgets what he knew of the ledger. */
async function takeActs(
  parts: KeeperParts,
  since: bigint | undefined,
  signal: AbortSignal,
): Promise<bigint | undefined> {
  const { acts, projector, writer } = parts
  await persist(parts, signal, () => acts.refresh())
  const { place } = acts
  for (const ledgerId of new Set(acts.after(since).map((act) => act.ledgerId)))
    await projector.retry(ledgerId, signal)
  if (place === undefined) return undefined
  const known = await persist(parts, signal, () => writer.feedPosition(actsFeed))
  if (known === undefined || known < place)
    await persist(parts, signal, () => writer.saveFeedPosition(actsFeed, place))
  return place
}

type Adopting = {
  readonly models: readonly LiveModel[]
  /** Those that were caught up with already. */
  readonly adopted: Set<string>
}

/**
 * Between the moment that a build began to serve and the one from which the projector writes to it, events may have been
 * applied to the other one alone: the log is read once more from where its builder was.
 */
async function adopt(
  parts: KeeperParts,
  { models, adopted }: Adopting,
  signal: AbortSignal,
): Promise<void> {
  for (const model of models) {
    const feed = buildFeed(model)
    if (adopted.has(feed)) continue
    const position = await persist(parts, signal, () => parts.writer.feedPosition(feed))
    if (position !== undefined) await catchUp(parts, model, signal)
    adopted.add(feed)
  }
}

async function catchUp(parts: KeeperParts, model: LiveModel, signal: AbortSignal): Promise<void> {
  const feed = buildFeed(model)
  try {
    await new Builder(parts).catchUp([model], signal)
    if (parts.isPatrolled !== true)
      await persist(parts, signal, () => parts.writer.forgetFeedPosition(feed))
  } catch (error) {
    if (!(error instanceof BuildGone)) throw error
  }
}

function persist<Result>(
  { logger, pace = systemPace }: KeeperParts,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const failed = (error: Error) => logger.warn({ err: error }, 'the keeper of the models waits')
  return retrying({ limits: projectorLimits, failed, signal, pace }, work)
}
