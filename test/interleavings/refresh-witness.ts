import type { ModelBuild, ReadModelShape } from '#ports/read-models.ts'
import type { Projector } from '#projections/runtime/projector.ts'
import type { Writer } from '#test/interleavings/projector-parts.ts'
import type { WatchedReadModels } from '#test/interleavings/projector-watch.ts'

/** What a projector says of the builds that it writes, against those that it does write. */
export class RefreshWitness {
  readonly #watched: WatchedReadModels
  readonly #projections: readonly ReadModelShape[]
  readonly #left = new Set<string>()

  constructor(watched: WatchedReadModels, projections: readonly ReadModelShape[]) {
    this.#watched = watched
    this.#projections = projections
  }

  /** What the projector writes with. */
  writer(writer: Writer): Writer {
    const during = async <Answer>(models: readonly ModelBuild[], work: () => Promise<Answer>) => {
      this.#assertNotLeft(models)
      const answer = await work()
      this.#assertNotLeft(models)
      return answer
    }
    return {
      ...writer,
      load: (model, ...asked) => during([model], () => writer.load(model, ...asked)),
      commit: (changes) =>
        during(
          changes.map(({ model }) => model),
          () => writer.commit(changes),
        ),
    }
  }

  /** Once it has told which builds serve, it is at work on none that served no more when it was asked. */
  projector(projector: Projector): Projector {
    return {
      ...projector,
      refresh: async (signal) => {
        const retired = await this.#retired()
        const models = await projector.refresh(signal)
        for (const build of retired) this.#left.add(build)
        return models
      },
    }
  }

  #assertNotLeft(models: readonly ModelBuild[]): void {
    for (const build of models.map(keyOf))
      if (this.#left.has(build))
        this.#watched.violations.push(`${build} is under way, and serves no more`)
  }

  async #retired(): Promise<readonly string[]> {
    const { models } = this.#watched.shared
    const retired: string[] = []
    for (const projection of this.#projections)
      for (const { number, state } of await models.builds(projection))
        if (state === 'retired') retired.push(keyOf({ ...projection, build: number }))
    return retired
  }
}

function keyOf({ name, version, build = 1 }: ModelBuild): string {
  return `${name}@${version}.${build}`
}
