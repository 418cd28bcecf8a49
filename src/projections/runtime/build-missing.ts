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
    Pick<ReadModelWriter, 'startBuild' | 'dropBuild' | 'lease' | 'moveLease'>
  readonly holder: string
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
export async function startMissing({
  projections,
  writer,
  clock,
}: Pick<MissingParts, 'projections' | 'writer' | 'clock'>): Promise<readonly LiveModel[]> {
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
  try {
    await builder.catchUp(missing, signal)
    for (const model of missing) await builder.serve(model, signal)
    return true
  } catch (error) {
    if (!isOfBuild(error)) throw error
    parts.logger.error({ err: error }, 'a read model could not be built; it is tried again')
    if (error instanceof BuildOutdated)
      await persist(parts, signal, () => startAnew(parts, missing))
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
