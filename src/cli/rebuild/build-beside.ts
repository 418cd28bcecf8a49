import { compareBuilds } from '#cli/rebuild/compare.ts'
import type { Building } from '#cli/rebuild/parts.ts'
import type { Rebuilt } from '#cli/rebuild/report.ts'
import type { Comparison } from '#cli/rebuild/sums.ts'
import { openProgress } from '#cli/progress.ts'
import { ToolFailed } from '#cli/subcommand.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'
import { BuildStuck } from '#projections/runtime/build-errors.ts'
import { Builder } from '#projections/runtime/builder.ts'
import { rebuildsOf } from '#projections/runtime/left-builds.ts'
import { holdLease } from '#projections/runtime/hold-lease.ts'
import { builderLease } from '#projections/runtime/build-missing.ts'
import { buildsIn, type LiveModel } from '#projections/runtime/live-models.ts'
import { parkedIn } from '#projections/runtime/projection-status.ts'

/** A builder that ended without a word is waited for this long. */
const takeOverMs = 8_000

/** Does the work as the only builder of these read models. @throws {ToolFailed} where another is at it. */
export async function asOnlyBuilder(
  building: Building,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { writer: leases, holder, clock, logger } = building
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), takeOverMs)
  let isDone = false
  const lease = { leases, name: builderLease, holder, clock, logger }
  await holdLease(lease, AbortSignal.any([signal, late.signal]), async (held) => {
    clearTimeout(timer)
    await work(held)
    isDone = true
  })
  clearTimeout(timer)
  signal.throwIfAborted()
  if (!isDone)
    throw new ToolFailed('another process is building read models: try again when it is done.')
}

export type Beside = { readonly signal: AbortSignal; readonly dropRetired: boolean }

/** Builds the projections beside what serves, compares, and lets the new builds serve; drops what it does not end. */
export async function buildBeside(
  building: Building,
  projections: readonly Projection[],
  beside: Beside,
): Promise<readonly Rebuilt[]> {
  await drop(building, await buildsIn(building.writer, projections, ['building', 'retired']))
  await drop(building, await rebuildsOf(building.writer, allProjections))
  const models: LiveModel[] = []
  try {
    return await builtBeside(building, { projections, models, ...beside })
  } catch (error) {
    await dropUnended(building, models)
    throw error
  }
}

/** Those that were begun so far are in `models`. */
type Begun = Beside & { readonly projections: readonly Projection[]; readonly models: LiveModel[] }

async function builtBeside(
  building: Building,
  { projections, models, signal, dropRetired }: Begun,
): Promise<readonly Rebuilt[]> {
  const { writer } = building
  for (const projection of projections) {
    const startedAt = new Date(building.clock.now()).toISOString()
    models.push({ ...projection, build: await writer.startBuild(projection, startedAt) })
  }
  const builder = new Builder(building)
  const seconds = await filled(building, { builder, models, signal })
  const rebuilt: Rebuilt[] = []
  for (const model of models) {
    const comparison = await compared(building, model, signal)
    const stuck = await obstacleTo(() => builder.serve(model, signal))
    const summary = { ...(await summaryOf(building, model)), seconds, ...comparison }
    rebuilt.push({ ...summary, serves: stuck === undefined, ...(stuck !== undefined && { stuck }) })
    if (stuck !== undefined) await drop(building, [model])
  }
  if (dropRetired) await drop(building, await buildsIn(building.writer, projections, ['retired']))
  return rebuilt
}

/** What keeps a build from serving: it keeps none of the others from it. */
async function obstacleTo(serve: () => Promise<void>): Promise<string | undefined> {
  try {
    await serve()
    return undefined
  } catch (error) {
    if (error instanceof BuildStuck) return error.message
    throw error
  }
}

type Filling = {
  readonly builder: Builder
  readonly models: readonly LiveModel[]
  readonly signal: AbortSignal
}

/** How many seconds it took. */
export async function filled(
  { clock, readModels }: Building,
  { builder, models, signal }: Filling,
): Promise<number> {
  const begunMs = clock.monotonic()
  using progress = openProgress('reading the log', await eventsIn(readModels))
  await builder.catchUp(models, signal, (events) => {
    const rate = Math.round((events * 1_000) / Math.max(1, clock.monotonic() - begunMs))
    progress.show(events, `${events} events, ${rate}/s`)
  })
  return (clock.monotonic() - begunMs) / 1_000
}

/** As many events as some read model has applied; 0 where there is none yet. */
async function eventsIn(readModels: Building['readModels']): Promise<number> {
  const counts = await Promise.all(
    allProjections.map(async (projection) => {
      const checkpoints = await readModels.checkpoints(projection)
      return [...checkpoints.values()].reduce((sum, { revision }) => sum + Number(revision + 1n), 0)
    }),
  )
  return Math.max(...counts)
}

/** With the build of the same version that serves; nothing where none does. */
async function compared(
  building: Building,
  model: LiveModel,
  signal: AbortSignal,
): Promise<{ readonly comparison?: Comparison }> {
  const { skips, readModels, writer } = building
  const builds = await writer.builds(model)
  const serving = builds.find(({ state }) => state === 'serving')
  if (serving === undefined) return {}
  const live = { readModels, model: { ...model, build: serving.number } }
  using progress = openProgress(`comparing ${model.name}`, 0)
  const comparison = await compareBuilds(
    {
      store: building.intactFor(model),
      skips,
      live,
      built: { readModels, model },
      follow: following(building, model, signal),
    },
    (documents) => progress.show(0, `${documents} documents`),
  )
  return { comparison }
}

/** Brings a build up to the log once more, in this thread. */
export function following(
  building: Building,
  model: LiveModel,
  signal: AbortSignal,
): () => Promise<void> {
  const builder = new Builder({ ...building, lane: undefined })
  return () => builder.catchUp([model], signal)
}

export async function summaryOf(
  { readModels }: Pick<Building, 'readModels'>,
  model: LiveModel,
): Promise<Pick<Rebuilt, 'name' | 'version' | 'build' | 'ledgers' | 'parkedLedgers'>> {
  const { name, version, build } = model
  const checkpoints = await readModels.checkpoints(model)
  const parkedLedgers = parkedIn(checkpoints)
  return { name, version, build, ledgers: checkpoints.size, parkedLedgers }
}

/** What came to serve before the failure goes on serving. */
async function dropUnended(building: Building, models: readonly LiveModel[]): Promise<void> {
  const isBegun = ({ name, build }: LiveModel) =>
    models.some((begun) => begun.name === name && begun.build === build)
  try {
    const unended = await buildsIn(building.writer, models, ['building'])
    await drop(building, unended.filter(isBegun))
  } catch (error) {
    building.logger.warn({ err: error }, 'a build that was not ended is left')
  }
}

async function drop({ writer }: Building, models: readonly LiveModel[]): Promise<void> {
  for (const model of models) await writer.dropBuild(model)
}
