import { openProgress } from '#cli/progress.ts'
import { filled, following, summaryOf } from '#cli/rebuild/build-beside.ts'
import { type Compared, compareBuilds } from '#cli/rebuild/compare.ts'
import type { Building } from '#cli/rebuild/parts.ts'
import type { Rebuilt } from '#cli/rebuild/report.ts'
import { deviationsOf, type Pair } from '#cli/rebuild/standings.ts'
import type { Comparison } from '#cli/rebuild/sums.ts'
import { ToolFailed } from '#cli/subcommand.ts'
import { requireServing } from '#compose/dependencies.ts'
import { openReadModels } from '#compose/stores.ts'
import type { Config } from '#config.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'
import { Builder } from '#projections/runtime/builder.ts'
import { servingModel } from '#projections/runtime/live-models.ts'

export type Check = {
  readonly config: Config
  /** The temporary read models. */
  readonly building: Building
  readonly projections: readonly Projection[]
  readonly signal: AbortSignal
}

export type Checked = {
  /** What came of each that could be compared. */
  readonly rebuilt: readonly Rebuilt[]
  /** The names of those of which nothing serves. */
  readonly unserved: readonly string[]
  /** What the store finds wrong with itself, of all read models. */
  readonly faults: readonly string[]
}

/** Builds what serves once more elsewhere and compares. */
export async function checkAgainst(check: Check): Promise<Checked> {
  const { config, building, projections, signal } = check
  await using readModels = await openReadModels(config)
  await requireServing(config, { 'read-models': () => readModels.check() })
  const faults = await readModels.faults(allProjections)
  const pairs: (Compared & Pair)[] = []
  const unserved = []
  for (const projection of projections) {
    const live = await servingModel(readModels, projection)
    if (live === undefined) {
      unserved.push(projection.name)
      continue
    }
    const startedAt = new Date(building.clock.now()).toISOString()
    const build = await building.writer.startBuild(live, startedAt)
    const built = { ...building, model: { ...live, build } }
    const follow = following(building, built.model, signal)
    const store = building.intactFor(built.model)
    pairs.push({ store, skips: building.skips, live: { readModels, model: live }, built, follow })
  }
  if (pairs.length === 0) return { rebuilt: [], unserved, faults }
  const models = pairs.map(({ built }) => built.model)
  const seconds = await filled(building, { builder: new Builder(building), models, signal })
  const comparisons = await compareAll(pairs, faults)
  const deviations = await deviationsOf(building.store, pairs, { signal })
  const rebuilt = pairs.map(async ({ live, built }, index) => ({
    ...(await summaryOf(building, built.model)),
    build: live.model.build,
    seconds,
    comparison: comparisons[index],
    deviations: deviations[index],
    serves: false,
  }))
  return { rebuilt: await Promise.all(rebuilt), unserved, faults }
}

/** @throws {ToolFailed} with the faults where these keep what is stored from being read. */
async function compareAll(
  pairs: readonly Compared[],
  faults: readonly string[],
): Promise<readonly Comparison[]> {
  const comparisons: Comparison[] = []
  try {
    for (const pair of pairs) {
      using progress = openProgress(`comparing ${pair.live.model.name}`, 0)
      const show = (documents: number) => progress.show(0, `${documents} documents`)
      comparisons.push(await compareBuilds(pair, show))
    }
  } catch (error) {
    if (faults.length === 0 || !(error instanceof ReadModelsUnavailable)) throw error
    throw new ToolFailed([error.message, ...faults].join('; '), { cause: error })
  }
  return comparisons
}
