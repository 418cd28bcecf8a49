import type { Db } from 'mongodb'
import { checkpointsOfModel } from '#adapters/mongodb/checkpoints.ts'
import { collectionOf } from '#adapters/mongodb/collections.ts'
import { isDuplicate } from '#adapters/mongodb/errors.ts'
import {
  type Build,
  type BuiltModel,
  isBuilt,
  type ModelBuild,
  type ReadModelShape,
} from '#ports/read-models.ts'

/**
 * One build of one version of a name. What is being dropped says so first, so that nobody takes it for an empty one. A
 * dropped one stays, so that its number is not used again.
 */
type BuildEntry = {
  readonly version: number
  readonly number: number
  readonly state: Build['state'] | Gone
  readonly startedAt: string
}

type Gone = 'dropping' | 'dropped'

/** All builds of a name in one document, which is only ever replaced as it was read: a switch is one write. */
type BuildsRow = {
  readonly _id: string
  readonly change: number
  readonly builds: readonly BuildEntry[]
}

/** What is known of the builds of all names at one moment. */
export type Registry = ReadonlyMap<string, BuildsRow>

const rows = (database: Db) => database.collection<BuildsRow>('builds')

/** The builds of all names: a handful of small documents. */
export async function readRegistry(database: Db): Promise<Registry> {
  const all = await rows(database).find({}).toArray()
  return new Map(all.map((row) => [row._id, row]))
}

/** What there is of this version. */
export async function readBuilds(
  database: Db,
  { name, version }: ReadModelShape,
): Promise<readonly Build[]> {
  const { builds } = await rowOf(database, name)
  return builds.flatMap(({ number, startedAt, ...entry }) => {
    if (entry.version !== version || entry.state === 'dropped') return []
    const state = entry.state === 'dropping' ? 'retired' : entry.state
    return [{ number, state, startedAt }]
  })
}

/** The version that serves of a name, whichever it is. */
export async function servingVersion(database: Db, name: string): Promise<number | undefined> {
  const { builds } = await rowOf(database, name)
  return builds.find(({ state }) => state === 'serving')?.version
}

/** The build that is meant: the one named, or the one that serves. A name without any has its first one, which is empty. */
export function builtModel(registry: Registry, model: ModelBuild): BuiltModel | undefined {
  if (isBuilt(model)) return model
  const row = registry.get(model.name)
  if (row === undefined) return { ...model, build: 1 }
  const serving = row.builds.find(
    ({ version, state }) => version === model.version && state === 'serving',
  )
  return serving && { ...model, build: serving.number }
}

/** The same for queries, which read the version before until this one has been built. */
export function builtToRead(registry: Registry, model: ModelBuild): BuiltModel | undefined {
  const built = builtModel(registry, model)
  if (built !== undefined || model.previous === undefined) return built
  return builtToRead(registry, model.previous)
}

/** Whether the build may still be written to. */
export function isWritable(registry: Registry, model: BuiltModel): boolean {
  const row = registry.get(model.name)
  const state = entryOf(row, model)?.state
  return row === undefined || state === 'building' || state === 'serving'
}

/** Whether the build was dropped, or is about to be: what is read of it may be missing. */
export function isGone(registry: Registry, model: BuiltModel): boolean {
  const state = entryOf(registry.get(model.name), model)?.state
  return state === 'dropping' || state === 'dropped'
}

/** Makes the first build of a name where it has none of any version; the one to prepare, where one serves. */
export async function servingOrFirst(
  database: Db,
  model: ModelBuild,
): Promise<BuiltModel | undefined> {
  if (isBuilt(model)) return model
  const startedAt = new Date().toISOString()
  const first = { version: model.version, number: 1, state: 'serving' as const, startedAt }
  const row = await changed(database, model.name, ({ builds }) =>
    builds.length === 0 ? [first] : undefined,
  )
  return builtModel(new Map([[model.name, row]]), model)
}

/** The number of a new build. */
export async function addBuild(
  database: Db,
  { name, version }: ReadModelShape,
  startedAt: string,
): Promise<number> {
  let number = 0
  await changed(database, name, ({ builds }) => {
    number = builds.filter((entry) => entry.version === version).length + 1
    return [...builds, { version, number, state: 'building', startedAt }]
  })
  return number
}

/** False where the build may not serve yet, or never more. */
export async function serveBuild(database: Db, model: BuiltModel): Promise<boolean> {
  const row = await rowOf(database, model.name)
  const state = entryOf(row, model)?.state
  if (state !== 'building') return state === 'serving'
  const serving = row.builds.find((entry) => entry.state === 'serving')
  if (serving !== undefined && (await isBehind(database, model, serving))) return false
  const after = await changed(database, model.name, ({ builds }) =>
    builds.map((entry) => {
      if (isEntryOf(entry, model)) return { ...entry, state: 'serving' as const }
      return entry.state === 'serving' ? { ...entry, state: 'retired' as const } : entry
    }),
  )
  return entryOf(after, model)?.state === 'serving'
}

/** Whether some ledger is further in what serves now. */
async function isBehind(
  database: Db,
  model: BuiltModel,
  { version, number }: BuildEntry,
): Promise<boolean> {
  const before = await checkpointsOfModel(database, { name: model.name, version, build: number })
  const own = await checkpointsOfModel(database, model)
  return [...before].some(
    ([ledgerId, { revision }]) => revision > (own.get(ledgerId)?.revision ?? -1n),
  )
}

/** Marks the build; nobody writes to it any more. False where there is none. @throws where it serves. */
export async function setDropped(database: Db, model: BuiltModel, state: Gone): Promise<boolean> {
  const row = await changed(database, model.name, ({ builds }) => {
    const entry = builds.find((each) => isEntryOf(each, model))
    if (entry === undefined || entry.state === 'dropped') return undefined
    if (entry.state === 'serving')
      throw new Error(`build ${model.build} of ${collectionOf(model)} serves`)
    return builds.map((each) => (each === entry ? { ...entry, state } : each))
  })
  const now = entryOf(row, model)?.state
  return now !== undefined && now !== 'dropped'
}

/**
 * Replaces a name's builds by what `change` makes of them, as often as somebody else is first; as they are then. Undefined
 * changes nothing.
 */
async function changed(
  database: Db,
  name: string,
  change: (row: BuildsRow) => readonly BuildEntry[] | undefined,
): Promise<BuildsRow> {
  for (;;) {
    const row = await rowOf(database, name)
    const builds = change(row)
    if (builds === undefined) return row
    const next = { ...row, change: row.change + 1, builds }
    if (await replaced(database, row, next)) return next
  }
}

async function replaced(database: Db, row: BuildsRow, next: BuildsRow): Promise<boolean> {
  const filter = { _id: { $eq: row._id }, change: { $eq: row.change } }
  try {
    // Without a document yet it is inserted; where somebody else was first, as a duplicate.
    const { matchedCount, upsertedCount } = await rows(database).replaceOne(
      filter,
      { change: next.change, builds: next.builds },
      { upsert: row.change === 0 },
    )
    return matchedCount + upsertedCount === 1
  } catch (error) {
    if (isDuplicate(error)) return false
    throw error
  }
}

/** Models that were prepared before there were builds serve their first one. */
async function rowOf(database: Db, name: string): Promise<BuildsRow> {
  const row = await rows(database).findOne({ _id: { $eq: name } })
  if (row !== null) return row
  const prepared = await database
    .collection<{ readonly _id: string }>('models')
    .find({ _id: { $gt: `${name}_v`, $lt: `${name}_w` } })
    .toArray()
  const versions = prepared.flatMap(({ _id }) => {
    const version = _id.slice(`${name}_v`.length)
    return /^\d+$/.test(version) ? [Number(version)] : []
  })
  const last = versions.length === 0 ? undefined : Math.max(...versions)
  const builds = versions.map((version) => {
    const state = version === last ? ('serving' as const) : ('retired' as const)
    return { version, number: 1, state, startedAt: '1970-01-01T00:00:00.000Z' }
  })
  return { _id: name, change: 0, builds }
}

function entryOf(row: BuildsRow | undefined, model: BuiltModel): BuildEntry | undefined {
  return row?.builds.find((entry) => isEntryOf(entry, model))
}

function isEntryOf({ version, number }: BuildEntry, model: BuiltModel): boolean {
  return version === model.version && number === model.build
}
