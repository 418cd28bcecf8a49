import type { BuiltModel, Checkpoint, ModelChange, ReadModelShape } from '#ports/read-models.ts'
import { buildFeed } from '#projections/runtime/build-feed.ts'
import type { Projection } from '#projections/projection.ts'
import type { ProjectorLog } from '#test/interleavings/projector-log.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { SharedReadModels } from '#test/support/scheduled-read-models.ts'

const everything = { where: [], orderBy: [], limit: 1_000_000 }

/** Read models that are looked at after every commit, from whichever process, whether anybody hears of it or not. */
export class WatchedReadModels {
  readonly shared: SharedReadModels
  readonly violations: string[] = []
  readonly #log: ProjectorLog
  readonly #ends = new Map<string, string>()
  readonly #served = new Map<string, number>()

  constructor(log: ProjectorLog) {
    this.#log = log
    this.shared = new SharedReadModels((faults) => {
      const models = openMemoryReadModels(faults)
      const commit = async (changes: readonly ModelChange[]) => {
        // Begun at once, as the tearing of it asks.
        const before = changes.map(({ model, ledgerId }) => models.checkpoint(model, ledgerId))
        const committing = models.commit(changes)
        for (const [index, change] of changes.entries())
          await this.#look(change, (await before[index])?.revision ?? -1n)
        return committing
      }
      const serveBuild = async (model: BuiltModel) => {
        const isServing = await models.serveBuild(model)
        if (isServing) this.#served.set(keyOf(model), model.build)
        return isServing
      }
      const saveFeedPosition = async (feed: string, position: bigint) => {
        await this.#lookForGaps(feed, position)
        return models.saveFeedPosition(feed, position)
      }
      return { ...models, commit, serveBuild, saveFeedPosition }
    })
  }

  /** Everything in which the models are not where they have to be in the end. */
  async contradictions(projections = this.#log.projections): Promise<readonly string[]> {
    const found = [...this.violations]
    for (const projection of projections)
      for (const ledgerId of this.#log.ledgerIds) {
        found.push(...(await this.#contradictions(projection, ledgerId)))
        const checkpoint = await this.shared.models.checkpoint(projection, ledgerId)
        const { revision } = this.#log.endOf(projection, ledgerId)
        const is = placeOf(checkpoint)
        const end = endText(this.#log.endOf(projection, ledgerId))
        if (is !== end) found.push(`${projection.name} of ${ledgerId} is at ${is}, not ${end}`)
        const parkedAt = checkpoint?.parked?.revision
        if (parkedAt !== undefined && parkedAt !== revision + 1n)
          found.push(`${projection.name} of ${ledgerId} is parked before ${parkedAt}`)
      }
    return found
  }

  /** Whether every model has come to its end. */
  get isComplete(): boolean {
    return this.#log.projections.every((projection) => this.isAtEnd(projection))
  }

  /** Whether a build of it came to serve. */
  hasServed(projection: Projection): boolean {
    return this.#served.has(keyOf(projection))
  }

  /** Whether what serves of it has come to its end. */
  isAtEnd(projection: Projection): boolean {
    const build = this.#served.get(keyOf(projection)) ?? 1
    return this.#log.ledgerIds.every(
      (ledgerId) =>
        this.#ends.get(`${keyOf(projection)}.${build} ${ledgerId}`) ===
        endText(this.#log.endOf(projection, ledgerId)),
    )
  }

  async #look({ model, ledgerId }: ModelChange, before: bigint): Promise<void> {
    const checkpoint = await this.shared.models.checkpoint(model, ledgerId)
    this.#ends.set(`${keyOf(model)}.${model.build ?? 1} ${ledgerId}`, placeOf(checkpoint))
    const after = checkpoint?.revision ?? -1n
    if (after < before)
      this.violations.push(`${model.name} of ${ledgerId} went back from ${before} to ${after}`)
    // What is torn is mended by the next commit of the same events; a store that tears hides it from its views.
    if (!this.shared.isTorn) this.violations.push(...(await this.#contradictions(model, ledgerId)))
  }

  /** Whoever goes on from there never sees again what lies before. */
  async #lookForGaps(feed: string, position: bigint): Promise<void> {
    const model = await this.#filledUnder(feed)
    if (model === undefined) return
    for (const ledgerId of this.#log.ledgerIds) {
      const last = this.#log.lastUpTo(position, ledgerId)
      const checkpoint = await this.shared.models.checkpoint(model, ledgerId)
      if (last > (checkpoint?.revision ?? -1n) && checkpoint?.parked === undefined)
        this.violations.push(
          `${feed} is said to be at ${position}, and lacks ${last} of ${ledgerId}`,
        )
    }
  }

  /** The build that keeps its place in the log under this name, where it is one that somebody may still ask. */
  async #filledUnder(feed: string): Promise<BuiltModel | undefined> {
    for (const model of await this.#askedBuilds()) if (buildFeed(model) === feed) return model
    return undefined
  }

  async #askedBuilds(): Promise<readonly BuiltModel[]> {
    const versions = this.#log.projections.flatMap((projection) => [
      projection,
      { ...projection, version: projection.version + 1 },
    ])
    const builds = versions.map(async (model) => {
      const asked = await this.shared.models.builds(model)
      return asked
        .filter(({ state }) => state !== 'retired')
        .map(({ number }) => ({ ...model, build: number }))
    })
    return (await Promise.all(builds)).flat()
  }

  async #contradictions(model: ReadModelShape, ledgerId: string): Promise<readonly string[]> {
    const projection = this.#log.projections.find(({ name }) => name === model.name)
    if (projection === undefined) return [`nobody asked for ${model.name}`]
    await using view = await this.shared.models.view(ledgerId)
    const checkpoint = await view.checkpoint(model)
    const documents = await view.find(model, everything)
    const ahead = documents.filter(({ revision }) => revision > (checkpoint?.revision ?? -1n))
    if (ahead.length > 0)
      return [`${model.name} of ${ledgerId} has documents ahead of its checkpoint`]
    const contradiction = this.#log.contradiction(projection, ledgerId, { checkpoint, documents })
    return contradiction === undefined ? [] : [contradiction]
  }
}

function keyOf({ name, version }: ReadModelShape): string {
  return `${name} v${version}`
}

function placeOf(checkpoint: Checkpoint | undefined): string {
  return endText({
    revision: checkpoint?.revision ?? -1n,
    isParked: checkpoint?.parked !== undefined,
  })
}

function endText({ revision, isParked }: ReturnType<ProjectorLog['endOf']>): string {
  return `${revision}${isParked ? ' and parked' : ''}`
}
