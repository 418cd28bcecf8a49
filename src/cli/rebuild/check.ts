import { openProgress } from '#cli/progress.ts'
import { filled, following, summaryOf } from '#cli/rebuild/build-beside.ts'
import { compareBuilds } from '#cli/rebuild/compare.ts'
import type { Building } from '#cli/rebuild/parts.ts'
import type { Rebuilt } from '#cli/rebuild/report.ts'
import { requireServing } from '#compose/dependencies.ts'
import { openReadModels } from '#compose/stores.ts'
import type { Config } from '#config.ts'
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

/** What came of each that could be compared, and the names of those of which nothing serves. */
export type Checked = {
  readonly rebuilt: readonly Rebuilt[]
  readonly unserved: readonly string[]
}

/** Builds what serves once more elsewhere and compares. */
export async function checkAgainst(check: Check): Promise<Checked> {
  const { config, building, projections, signal } = check
  await using readModels = await openReadModels(config)
  await requireServing(config, { 'read-models': () => readModels.check() })
  const pairs = []
  const unserved = []
  for (const projection of projections) {
    const live = await servingModel(readModels, projection)
    if (live === undefined) {
      unserved.push(projection.name)
      continue
    }
    const startedAt = new Date(building.clock.now()).toISOString()
    const build = await building.writer.startBuild(live, startedAt)
    pairs.push({ live, built: { ...live, build } })
  }
  if (pairs.length === 0) return { rebuilt: [], unserved }
  const models = pairs.map(({ built }) => built)
  const seconds = await filled(building, { builder: new Builder(building), models, signal })
  const rebuilt: Rebuilt[] = []
  for (const { live, built } of pairs) {
    using progress = openProgress(`comparing ${built.name}`, 0)
    const summary = { ...(await summaryOf(building, built)), seconds, serves: false }
    const { intact: store, skips } = building
    const sides = { live: { readModels, model: live }, built: { ...building, model: built } }
    const follow = following(building, built, signal)
    const comparison = await compareBuilds({ store, skips, ...sides, follow }, (documents) =>
      progress.show(0, `${documents} documents`),
    )
    rebuilt.push({ ...summary, build: live.build, comparison })
  }
  return { rebuilt, unserved }
}
