import { collectionSchema, tableOf } from '#adapters/sqlite/read-models-collection.ts'
import { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { layoutSchema } from '#adapters/sqlite/read-models-file.ts'
import { integerOf, textOf } from '#adapters/sqlite/read-models-rows.ts'
import { type BuiltModel, type ReadModelShape, versionsOf } from '#ports/read-models.ts'

/**
 * Where the file's tables, indexes, views and triggers are not those that the program makes for these models and the
 * versions before them, a sentence each. SQLite itself can't tell: it knows nothing of what should be there.
 */
export function schemaFaults(
  connection: ReadModelConnection,
  models: readonly ReadModelShape[],
): string[] {
  const builds = buildsIn(connection, models)
  const entries = entriesOf(connection)
  const declared = declaredFor(builds)
  const passed = new Set(builds.filter(isPassed).map(({ table }) => table))
  const faults = [...declared].flatMap(([key, entry]) => {
    const stored = entries.get(key)
    if (stored === undefined)
      return isLate(entry, builds) ? [] : [`the ${nameOf(entry)} is missing`]
    return stored.sql === entry.sql ? [] : [`the ${nameOf(stored)} is not as the program makes it`]
  })
  const foreign = [...entries].flatMap(([key, entry]) => {
    const isKnown = declared.has(key) || (passed.has(entry.table) && isPlain(entry))
    return isKnown ? [] : [`the ${nameOf(entry)} is none of the program's`]
  })
  return [...faults, ...foreign]
}

/** A build that was not dropped. `model` is undefined where the program does not know such a version. */
type Known = {
  readonly table: string
  readonly state: string
  readonly model: BuiltModel | undefined
}

function buildsIn(
  connection: ReadModelConnection,
  models: readonly ReadModelShape[],
): readonly Known[] {
  const versions = models.flatMap(versionsOf)
  const text = `SELECT model, version, build, state FROM builds WHERE state <> 'dropped'`
  return connection.all({ text, values: [] }).map((row) => {
    const name = textOf(row, 'model')
    const [version, build] = [Number(integerOf(row, 'version')), Number(integerOf(row, 'build'))]
    const shape = versions.find((each) => each.name === name && each.version === version)
    const table = tableOf({ name, version, build })
    return { table, state: textOf(row, 'state'), model: shape && { ...shape, build } }
  })
}

/** Nobody reads or writes it any more, or another program does: its own table and indexes are let be. */
function isPassed({ state, model }: Known): boolean {
  return state === 'retired' || model === undefined
}

/** A row of `sqlite_schema`. */
type Entry = {
  readonly type: string
  readonly name: string
  readonly table: string
  readonly sql: string
}

/** By type and name: a trigger may be called as its table is. What SQLite makes by itself is left out: indexes without SQL come with their table. */
function entriesOf(connection: ReadModelConnection): ReadonlyMap<string, Entry> {
  const text = `SELECT type, name, tbl_name, sql FROM sqlite_schema
    WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_stat_'`
  return new Map(
    connection.all({ text, values: [] }).map((row) => {
      const [type, name] = [textOf(row, 'type'), textOf(row, 'name')]
      const entry = { type, name, table: textOf(row, 'tbl_name'), sql: textOf(row, 'sql') }
      return [`${type} ${name}`, entry]
    }),
  )
}

/** Made by the statements that made the file's, so that SQLite words both alike. */
function declaredFor(builds: readonly Known[]): ReadonlyMap<string, Entry> {
  using made = new ReadModelConnection({ path: ':memory:', readOnly: false, pragmas: {} })
  made.exec(layoutSchema)
  for (const build of builds) {
    if (build.model === undefined || isPassed(build)) continue
    const { toStore, toFind } = collectionSchema(build.model)
    for (const statement of [...toStore, ...toFind]) made.exec(statement)
  }
  return entriesOf(made)
}

/** A build that is being filled gets all but its unique index at its end. */
function isLate({ type, table, sql }: Entry, builds: readonly Known[]): boolean {
  const state = builds.find((build) => build.table === table)?.state
  return state === 'building' && type === 'index' && !sql.startsWith('CREATE UNIQUE')
}

function isPlain({ type }: Entry): boolean {
  return type === 'table' || type === 'index'
}

function nameOf({ type, name, table }: Entry): string {
  return name === table ? `${type} ${name}` : `${type} ${name} of ${table}`
}
