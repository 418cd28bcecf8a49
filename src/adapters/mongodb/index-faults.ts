import type { Db, IndexDescription, IndexDescriptionInfo } from 'mongodb'
import { readBuilds } from '#adapters/mongodb/builds.ts'
import { checkpointIndexes, checkpointsCollection } from '#adapters/mongodb/checkpoints.ts'
import { collectionOf, indexesToMake } from '#adapters/mongodb/collections.ts'
import { type Build, type ReadModelShape, versionsOf } from '#ports/read-models.ts'

const faultsMax = 20

/**
 * Where the collections' indexes are not those that the program makes for these models and the versions before them, a
 * sentence each. MongoDB can't tell: it knows nothing of what should be there. Builds that nobody reads any more, those
 * of other versions and whatever else is in the database are let be.
 */
export async function indexFaults(
  database: Db,
  models: readonly ReadModelShape[],
): Promise<string[]> {
  const declared = await declaredIn(database, models)
  const listed = await database.listCollections({}, { nameOnly: true }).toArray()
  const names = new Set(listed.map(({ name }) => name))
  const faults = await Promise.all(
    declared.map(async (collection) =>
      names.has(collection.name)
        ? faultsOf(collection, await database.collection(collection.name).listIndexes().toArray())
        : missing(collection, `the collection ${collection.name}`),
    ),
  )
  return faults.flat().slice(0, faultsMax)
}

/** A collection of the program's. What one lacks that is `late` is made before it serves. */
type Declared = {
  readonly name: string
  readonly indexes: readonly IndexDescription[]
  readonly isLate: boolean
}

/** Those that have no indexes of their own come to be with their first document. */
const plain = ['models', 'builds', 'feeds', 'leases'].map(
  (name): Declared => ({ name, indexes: [], isLate: true }),
)

async function declaredIn(
  database: Db,
  models: readonly ReadModelShape[],
): Promise<readonly Declared[]> {
  const declared: Declared[] = []
  for (const version of models.flatMap(versionsOf))
    for (const { number: build, state } of await readBuilds(database, version))
      if (state !== 'retired')
        declared.push({
          name: collectionOf({ ...version, build }),
          indexes: indexesToMake(version),
          isLate: isLate(state),
        })
  const checkpoints = { name: checkpointsCollection, indexes: checkpointIndexes }
  return [...declared, { ...checkpoints, isLate: declared.every((each) => each.isLate) }, ...plain]
}

/** A build that is being filled gets what it lacks at its end. */
function isLate(state: Build['state']): boolean {
  return state === 'building'
}

function faultsOf(collection: Declared, stored: readonly IndexDescriptionInfo[]): string[] {
  const { name: of, indexes } = collection
  const known = new Set(['_id_', ...indexes.map(({ name }) => name)])
  const faults = indexes.flatMap((index) => {
    const what = `the index ${index.name} of ${of}`
    const found = stored.find(({ name }) => name === index.name)
    if (found === undefined) return missing(collection, what)
    return meaningOf(found) === meaningOf(index) ? [] : [`${what} is not as the program makes it`]
  })
  const foreign = stored.filter(({ name }) => !known.has(name))
  return [
    ...faults,
    ...foreign.map(({ name }) => `the index ${name} of ${of} is none of the program's`),
  ]
}

function missing({ indexes, isLate: late }: Declared, what: string): string[] {
  return late || indexes.length === 0 ? [] : [`${what} is missing`]
}

/** What of an index says which documents it has, in which order, whether a find may use it, and what it refuses. */
function meaningOf(index: IndexDescription): string {
  const { key, unique, sparse, hidden, partialFilterExpression, collation } = index
  const order = Object.entries(key).map(([path, direction]) => `${path} ${direction}`)
  const how = { unique, sparse, hidden, partialFilterExpression, collation }
  return JSON.stringify({ order, ...how, expires: `${index.expireAfterSeconds}` }, plainNumbers)
}

/** Integers of 64 bits come as bigints, which JSON knows none of. */
function plainNumbers(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}
