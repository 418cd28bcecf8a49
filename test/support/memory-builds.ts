import type { Build, BuiltModel, ModelBuild, ReadModelShape } from '#ports/read-models.ts'

type Entry = {
  readonly model: BuiltModel
  readonly startedAt: string
  readonly state: Build['state'] | 'dropped'
}

type Named = Pick<ReadModelShape, 'name' | 'version'>

/** The builds that read models in memory have. Never changes: a view keeps the one it began with. */
export class MemoryBuilds {
  readonly #entries: readonly Entry[]

  constructor(entries: readonly Entry[] = []) {
    this.#entries = entries
  }

  of(model: Named): readonly Build[] {
    return this.#all(model).flatMap(({ model: { build }, startedAt, state }) =>
      state === 'dropped' ? [] : [{ number: build, state, startedAt }],
    )
  }

  isNew({ name }: Named): boolean {
    return this.#entries.every(({ model }) => model.name !== name)
  }

  last(model: Named): number {
    return this.#all(model).length
  }

  /** Without any build, as where nothing was prepared: the first. */
  meant(model: ModelBuild): BuiltModel {
    const serving = this.#all(model).find(({ state }) => state === 'serving')
    return { ...model, build: model.build ?? serving?.model.build ?? (this.isNew(model) ? 1 : 0) }
  }

  toRead(model: ModelBuild): BuiltModel {
    const meant = this.meant(model)
    return meant.build === 0 && model.previous !== undefined ? this.toRead(model.previous) : meant
  }

  serving({ name }: Pick<Named, 'name'>): BuiltModel | undefined {
    return this.#entries.find(({ model, state }) => model.name === name && state === 'serving')
      ?.model
  }

  stateOf(model: BuiltModel): Entry['state'] | undefined {
    return this.#all(model)[model.build - 1]?.state
  }

  isWritable(model: BuiltModel): boolean {
    const state = this.stateOf(model)
    return state === 'building' || state === 'serving' || this.isNew(model)
  }

  with(model: ReadModelShape, entry: Omit<Entry, 'model'>): MemoryBuilds {
    const made = { ...entry, model: { ...model, build: this.last(model) + 1 } }
    return new MemoryBuilds([...this.#entries, made])
  }

  changed({ name, version, build }: BuiltModel, state: Entry['state']): MemoryBuilds {
    const isIt = ({ model }: Entry) =>
      model.name === name && model.version === version && model.build === build
    return new MemoryBuilds(
      this.#entries.map((entry) => (isIt(entry) ? { ...entry, state } : entry)),
    )
  }

  #all({ name, version }: Named): readonly Entry[] {
    return this.#entries.filter(({ model }) => model.name === name && model.version === version)
  }
}
