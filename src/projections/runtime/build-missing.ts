import { systemPace } from '#ports/pace.ts'
import type { ReadModels, ReadModelWriter } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import { BuildOutdated, isOfBuild } from '#projections/runtime/build-errors.ts'
import { aloneEffort, Builder, type BuilderParts } from '#projections/runtime/builder.ts'
import { holdLease } from '#projections/runtime/hold-lease.ts'
import { type LiveModel, servingModel, servingModels } from '#projections/runtime/live-models.ts'
import { projectorLimits } from '#projections/runtime/limits.ts'
import { retrying } from '#projections/runtime/retrying.ts'

/** Whoever fills builds holds it: two would do the same work. */
export const builderLease = 'builder'

export type MissingParts = Omit<BuilderParts, 'writer'> & {
  readonly projections: readonly Projection[]
  readonly writer: BuilderParts['writer'] &
    Pick<ReadModelWriter, 'servingVersion' | 'startBuild' | 'dropBuild' | 'lease' | 'moveLease'>
  readonly holder: string
  /** Names of which this process has seen its own version serve: what a newer one replaces then is not built again. */
  readonly served?: Map<string, { isTold: boolean }>
}

/**
 * Whether something was applied already, by whichever projector. Then a feed may not bring a new read model all that it
 * needs: who shares a broker's topic gets only what the others have not had.
 */
export async function isInUse(
  readModels: Pick<ReadModels, 'feedPosition' | 'checkpoints'>,
  projections: readonly Projection[],
  place: string,
): Promise<boolean> {
  if ((await readModels.feedPosition(place)) !== undefined) return true
  for (const projection of projections)
    if ((await readModels.checkpoints(projection)).size > 0) return true
  return false
}

/** Starts a build of every projection that has none, so that the projector leaves it out until it has been filled. */
export async function startMissing(
  parts: Pick<MissingParts, 'projections' | 'writer' | 'clock' | 'logger' | 'served'>,
): Promise<readonly LiveModel[]> {
  const { projections, writer, clock, served } = parts
  const missing: LiveModel[] = []
  for (const projection of projections) {
    const serving = await servingModel(writer, projection)
    if (serving?.version === projection.version) {
      served?.set(projection.name, { isTold: false })
      continue
    }
    if (await isReplaced(parts, projection)) continue
    const builds = await writer.builds(projection)
    const begun = builds.find(({ state }) => state === 'building')?.number
    const startedAt = new Date(clock.now()).toISOString()
    const build = begun ?? (await writer.startBuild(projection, startedAt))
    missing.push({ ...projection, build })
  }
  return missing
}

/**
 * Whether a newer release has come while this one was at work: each building its own again and again would answer nobody. A
 * release that is started where a newer version serves builds its own: somebody went back to it.
 */
async function isReplaced(
  { writer, served, logger }: Pick<MissingParts, 'writer' | 'served' | 'logger'>,
  { name, version }: Projection,
): Promise<boolean> {
  const before = served?.get(name)
  if (before === undefined) return false
  const serving = await writer.servingVersion(name)
  if (serving === undefined || serving < version) return false
  const said = { projection: name, version, serving }
  if (!before.isTold)
    logger.warn(
      said,
      'a newer release has replaced a read model: this program builds its own no more',
    )
  before.isTold = true
  return true
}

/**
 * Builds the projections of which the version asked for doesn't serve yet, as the only builder; false where one could not
 * be built to the end. @throws the signal's reason.
 */
export async function buildMissing(parts: MissingParts, signal: AbortSignal): Promise<boolean> {
  const missing = await persist(parts, signal, () => startMissing(parts))
  if (missing.length === 0) return true
  const { writer: leases, holder, clock, logger, pace = systemPace } = parts
  let isDone = false
  const lease = { leases, name: builderLease, holder, clock, logger, pace }
  await holdLease(lease, signal, async (held) => {
    isDone = await buildAll(parts, held)
  })
  return isDone
}

async function buildAll(parts: MissingParts, signal: AbortSignal): Promise<boolean> {
  // Another builder may have been at it meanwhile.
  const missing = await persist(parts, signal, () => startMissing(parts))
  if (missing.length === 0) return true
  const names = missing.map(({ name, version }) => `${name} v${version}`)
  parts.logger.info({ projections: names }, 'read models are being built')
  const serving = await persist(parts, signal, () => servingModels(parts.writer, parts.projections))
  // Beside a projector whose read models are asked it neither hurries nor takes a second core.
  const pace = serving.length === 0 ? { effort: aloneEffort } : { lane: undefined }
  const builder = new Builder({ ...parts, ...pace, areToServe: true })
  const isDone = (models: readonly LiveModel[], work: () => Promise<void>) =>
    endsWell({ parts, models, signal }, work)
  if (!(await isDone(missing, () => builder.catchUp(missing, signal)))) return false
  let areAll = true
  // One that cannot serve keeps none of the others from it.
  for (const model of missing)
    areAll = (await isDone([model], () => builder.serve(model, signal))) && areAll
  return areAll
}

type Attempt = {
  readonly parts: MissingParts
  readonly models: readonly LiveModel[]
  readonly signal: AbortSignal
}

/** Whether the work on the builds of these models came to its end. What is outdated is begun anew by the next try. */
async function endsWell(
  { parts, models, signal }: Attempt,
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (!isOfBuild(error)) throw error
    parts.logger.error({ err: error }, 'a read model could not be built; it is tried again')
    if (error instanceof BuildOutdated) await persist(parts, signal, () => startAnew(parts, models))
    return false
  }
}

/** What was begun is dropped, but for what has come to serve: the next look starts others. */
async function startAnew({ writer }: MissingParts, models: readonly LiveModel[]): Promise<void> {
  for (const model of models) {
    const builds = await writer.builds(model)
    const build = builds.find(({ number }) => number === model.build)
    if (build?.state === 'building') await writer.dropBuild(model)
  }
}

function persist<Result>(
  { logger, pace = systemPace }: MissingParts,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const failed = (error: Error) => logger.warn({ err: error }, 'a builder waits and tries again')
  return retrying({ limits: projectorLimits, failed, signal, pace }, work)
}
