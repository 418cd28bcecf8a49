import { type Build, isBuilt, type ReadModelWriter } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import { BuildGone } from '#projections/runtime/build-errors.ts'
import { CheckpointCache } from '#projections/runtime/checkpoint-cache.ts'
import type { ProjectorLimits } from '#projections/runtime/limits.ts'

/** A projection and the build of its read model that is written. */
export type LiveModel = Projection & { readonly build: number }

type Builds = Pick<ReadModelWriter, 'builds'>

/** The builds of just these versions that are in one of the states. */
export async function buildsIn(
  readModels: Builds,
  projections: readonly Projection[],
  states: readonly Build['state'][],
): Promise<readonly LiveModel[]> {
  const all = projections.map(async (projection) => {
    const builds = await readModels.builds(projection)
    const found = builds.filter(({ state }) => states.includes(state))
    return found.map(({ number: build }) => ({ ...projection, build }))
  })
  return (await Promise.all(all)).flat()
}

/** What serves of a projection, or of the version before it until it has been built; undefined: nothing does. */
export async function servingModel(
  readModels: Builds,
  projection: Projection,
): Promise<LiveModel | undefined> {
  const builds = await readModels.builds(projection)
  const serving = builds.find(({ state }) => state === 'serving')
  if (serving !== undefined) return { ...projection, build: serving.number }
  return projection.previous && servingModel(readModels, projection.previous)
}

/** The same of all projections; those of which nothing serves are left out. */
export async function servingModels(
  readModels: Builds,
  projections: readonly Projection[],
): Promise<readonly LiveModel[]> {
  const found = await Promise.all(projections.map((each) => servingModel(readModels, each)))
  return found.filter((model) => model !== undefined)
}

/**
 * The builds that a projector keeps up with the log: those that serve, or the ones it was given. A name that has no build
 * at all serves from the start.
 */
export class LiveModels {
  readonly #projections: readonly (Projection & { readonly build?: number })[]
  readonly #writer: Pick<ReadModelWriter, 'builds' | 'prepare' | 'checkpoint'>
  readonly #limits: ProjectorLimits
  #models: readonly LiveModel[] = []
  #cache: CheckpointCache
  #isKnown = false

  constructor(
    projections: readonly (Projection & { readonly build?: number })[],
    writer: Pick<ReadModelWriter, 'builds' | 'prepare' | 'checkpoint'>,
    limits: ProjectorLimits,
  ) {
    this.#projections = projections
    this.#writer = writer
    this.#limits = limits
    this.#cache = new CheckpointCache(writer, [], limits)
  }

  get models(): readonly LiveModel[] {
    return this.#models
  }

  /** Of these models. */
  get cache(): CheckpointCache {
    return this.#cache
  }

  async ensure(): Promise<void> {
    if (!this.#isKnown) await this.refresh()
  }

  /** Looks again; whether there are others now. @throws {BuildGone} */
  async refresh(): Promise<boolean> {
    const found = await Promise.all(this.#projections.map((each) => this.#written(each)))
    const models = found.filter((model) => model !== undefined)
    this.#isKnown = true
    if (models.map(keyOf).join() === this.#models.map(keyOf).join()) return false
    this.#models = models
    this.#cache = new CheckpointCache(this.#writer, models, this.#limits)
    return true
  }

  async #written(
    projection: Projection & { readonly build?: number },
  ): Promise<LiveModel | undefined> {
    if (isBuilt(projection)) return this.#given(projection)
    const serving = await servingModel(this.#writer, projection)
    if (serving !== undefined) return serving
    await this.#writer.prepare(projection)
    return servingModel(this.#writer, projection)
  }

  async #given(model: LiveModel): Promise<LiveModel> {
    const builds = await this.#writer.builds(model)
    const build = builds.find(({ number }) => number === model.build)
    if (build !== undefined && build.state !== 'retired') return model
    throw new BuildGone(`build ${model.build} of ${model.name} v${model.version} was taken away`)
  }
}

function keyOf({ name, version, build }: LiveModel): string {
  return `${name}@${version}.${build}`
}
