import { type LeaseParts, holdLease } from '#projections/runtime/hold-lease.ts'
import type { Clock } from '#ports/clock.ts'
import type { ReadModelWriter } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import {
  BuildOutdated,
  BuildStuck,
  buildFeed,
  Builder,
  type BuilderParts,
} from '#projections/runtime/builder.ts'
import { projectorLimits } from '#projections/runtime/limits.ts'
import { BuildGone, type LiveModel, servingModel } from '#projections/runtime/live-models.ts'
import { pause } from '#projections/runtime/pause.ts'
import type { Projector } from '#projections/runtime/projector.ts'
import { retrying } from '#projections/runtime/retrying.ts'

/** Whoever fills builds holds it: two would do the same work. */
export const builderLease = 'builder'

/** Under which name it is kept up to which of the recorded acts somebody has acted. */
export const actsFeed = 'acts'

/** What keeps a running projector's read models as they ought to be. */
export type KeeperParts = Omit<BuilderParts, 'clock' | 'writer'> & {
  readonly projections: readonly Projection[]
  readonly projector: Projector
  readonly writer: BuilderParts['writer'] &
    Pick<ReadModelWriter, 'startBuild' | 'dropBuild' | 'forgetFeedPosition' | 'lease' | 'moveLease'>
  readonly clock: Clock
  readonly holder: string
  readonly times?: KeeperTimes
}

/** How often acts, builds and what is missing are looked for; what can't be built is tried again after `stuckMs`. */
export type KeeperTimes = { readonly pollMs: number; readonly stuckMs: number }

const defaultTimes: KeeperTimes = { pollMs: 1_000, stuckMs: 30_000 }

/**
 * Acts on what people recorded, lets the projector go on with the builds that have come to serve, and builds the
 * projections of which there is nothing yet; until the signal aborts. @throws its reason, and on a bug.
 */
export async function keepModels(parts: KeeperParts, signal: AbortSignal): Promise<void> {
  const { pollMs } = parts.times ?? defaultTimes
  let place = parts.acts.place
  await adopt(parts, await servingOf(parts, signal), signal)
  const over = new AbortController()
  const until = AbortSignal.any([signal, over.signal])
  const repeat = async (work: (signal: AbortSignal) => Promise<void>) => {
    try {
      for (;;) {
        until.throwIfAborted()
        await work(until)
        await pause(pollMs, until)
      }
    } finally {
      over.abort()
    }
  }
  const followed = repeat(async (each) => {
    place = await takeActs(parts, place, each)
    await adopt(parts, await parts.projector.refresh(each), each)
  })
  const built = repeat((each) => buildMissing(parts, each))
  const results = await Promise.allSettled([followed, built])
  signal.throwIfAborted()
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Starts a build of every projection that has none, so that the projector leaves it out until it has been filled. */
export async function startMissing({
  projections,
  writer,
  clock,
}: Pick<KeeperParts, 'projections' | 'writer' | 'clock'>): Promise<readonly LiveModel[]> {
  const missing: LiveModel[] = []
  for (const projection of projections) {
    const serving = await servingModel(writer, projection)
    if (serving?.version === projection.version) continue
    const builds = await writer.builds(projection)
    const begun = builds.find(({ state }) => state === 'building')?.number
    const startedAt = new Date(clock.now()).toISOString()
    const build = begun ?? (await writer.startBuild(projection, startedAt))
    missing.push({ ...projection, build })
  }
  return missing
}

async function servingOf(parts: KeeperParts, signal: AbortSignal): Promise<readonly LiveModel[]> {
  const found = await persist(parts, signal, () =>
    Promise.all(parts.projections.map((each) => servingModel(parts.writer, each))),
  )
  return found.filter((model) => model !== undefined)
}

/** Everybody tries for himself, and forgets what he knew of the ledger. */
async function takeActs(
  parts: KeeperParts,
  since: bigint | undefined,
  signal: AbortSignal,
): Promise<bigint | undefined> {
  const { acts, projector, writer } = parts
  await persist(parts, signal, () => acts.refresh())
  const taken = acts.after(since)
  for (const ledgerId of new Set(taken.map((act) => act.ledgerId)))
    await projector.retry(ledgerId, signal)
  const place = taken.at(-1)?.place ?? since
  if (place === undefined) return undefined
  const known = await persist(parts, signal, () => writer.feedPosition(actsFeed))
  if (known === undefined || known < place)
    await persist(parts, signal, () => writer.saveFeedPosition(actsFeed, place))
  return place
}

/**
 * Between the moment that a build began to serve and the one from which the projector writes to it, events may have been
 * applied to the other one alone: the log is read once more from where its builder was.
 */
async function adopt(
  parts: KeeperParts,
  models: readonly LiveModel[],
  signal: AbortSignal,
): Promise<void> {
  for (const model of models) {
    const feed = buildFeed(model)
    const position = await persist(parts, signal, () => parts.writer.feedPosition(feed))
    if (position === undefined) continue
    try {
      await new Builder(parts).fill([model], signal)
      await persist(parts, signal, () => parts.writer.forgetFeedPosition(feed))
    } catch (error) {
      if (!(error instanceof BuildGone)) throw error
    }
  }
}

async function buildMissing(parts: KeeperParts, signal: AbortSignal): Promise<void> {
  const missing = await persist(parts, signal, () => startMissing(parts))
  if (missing.length === 0) return
  const { writer: leases, holder, clock, logger } = parts
  const lease: LeaseParts = { leases, name: builderLease, holder, clock, logger }
  await holdLease(lease, signal, (held) => build(parts, held))
}

async function build(parts: KeeperParts, signal: AbortSignal): Promise<void> {
  const { logger, times = defaultTimes } = parts
  const missing = await persist(parts, signal, () => startMissing(parts))
  const builder = new Builder(parts)
  const names = missing.map(({ name, version }) => `${name} v${version}`)
  if (missing.length > 0) logger.info({ projections: names }, 'read models are being built')
  try {
    await builder.fill(missing, signal)
    for (const model of missing) await builder.serve(model, signal)
  } catch (error) {
    if (error instanceof BuildOutdated)
      for (const model of missing)
        if (await isBuilding(parts, model)) await parts.writer.dropBuild(model)
    const isOver = error instanceof BuildOutdated || error instanceof BuildGone
    if (!isOver && !(error instanceof BuildStuck)) throw error
    logger.error({ err: error }, 'a read model could not be built; it is tried again')
    await pause(isOver ? 0 : times.stuckMs, signal)
  }
}

async function isBuilding({ writer }: KeeperParts, model: LiveModel): Promise<boolean> {
  const builds = await writer.builds(model)
  return builds.some(({ number, state }) => number === model.build && state === 'building')
}

function persist<Result>(
  { logger }: KeeperParts,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const failed = (error: Error) => logger.warn({ err: error }, 'the keeper of the models waits')
  return retrying({ limits: projectorLimits, failed, signal }, work)
}
