import { tableOf } from '#adapters/sqlite/read-models-collection.ts'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { integerOf, textOf } from '#adapters/sqlite/read-models-rows.ts'
import {
  type Build,
  type BuiltModel,
  isBuilt,
  type ModelBuild,
  type ReadModelShape,
} from '#ports/read-models.ts'

const states = ['building', 'serving', 'retired'] as const

/** What there is of this version; a dropped build leaves its number behind, so that none is used again. */
export function readBuilds(
  connection: ReadModelConnection,
  { name, version }: ReadModelShape,
): readonly Build[] {
  const text = `SELECT build, state, started_at FROM builds
    WHERE model = ? AND version = ? AND state <> 'dropped' ORDER BY build`
  return connection.all({ text, values: [name, BigInt(version)] }).map((row) => ({
    number: Number(integerOf(row, 'build')),
    state: states.find((state) => state === row['state']) ?? 'retired',
    startedAt: textOf(row, 'started_at'),
  }))
}

/** Of any version. */
export function servingVersion(connection: ReadModelConnection, name: string): number | undefined {
  const text = `SELECT version FROM builds WHERE model = ? AND state = 'serving'`
  const row = connection.one({ text, values: [name] })
  return row && Number(integerOf(row, 'version'))
}

/** The build that is meant: the one named, or the one that serves now. */
export function builtModel(
  connection: ReadModelConnection,
  model: ModelBuild,
): BuiltModel | undefined {
  if (isBuilt(model)) return model
  const { name, version } = model
  const text = `SELECT build FROM builds WHERE model = ? AND version = ? AND state = 'serving'`
  const row = connection.one({ text, values: [name, BigInt(version)] })
  return row === undefined ? undefined : buildOf(model, Number(integerOf(row, 'build')))
}

/** The same for queries, which read the version before until this one has been built. */
export function builtToRead(
  connection: ReadModelConnection,
  model: ModelBuild,
): BuiltModel | undefined {
  if (isBuilt(model)) return model
  if (connection.serving.has(model)) return connection.serving.get(model)
  const { previous } = model
  const built = builtModel(connection, model) ?? (previous && builtToRead(connection, previous))
  connection.serving.set(model, built)
  return built
}

/** One object for each build of a shape: statements are remembered by it. */
function buildOf(model: ReadModelShape, build: number): BuiltModel {
  const known = builtByShape.get(model) ?? new Map<number, BuiltModel>()
  builtByShape.set(model, known)
  const made = known.get(build) ?? { ...model, build }
  known.set(build, made)
  return made
}

const builtByShape = new WeakMap<ReadModelShape, Map<number, BuiltModel>>()

/** Makes the first build of a name; undefined where it has one already, of any version. */
export function firstBuild(
  connection: ReadModelConnection,
  model: ReadModelShape,
): BuiltModel | undefined {
  const text = 'SELECT 1 FROM builds WHERE model = ? LIMIT 1'
  if (connection.one({ text, values: [model.name] }) !== undefined) return undefined
  return addBuild(connection, model, { state: 'serving', startedAt: new Date().toISOString() })
}

/** A row with the next number. */
export function addBuild(
  connection: ReadModelConnection,
  model: ReadModelShape,
  { state, startedAt }: Pick<Build, 'state' | 'startedAt'>,
): BuiltModel {
  const key = [model.name, BigInt(model.version)] as const
  const text = `INSERT INTO builds SELECT ?, ?, coalesce(max(build), 0) + 1, ?, ? FROM builds
    WHERE model = ? AND version = ? RETURNING build`
  const row = connection.one({ text, values: [...key, state, startedAt, ...key] })
  return buildOf(model, Number(integerOf(row ?? {}, 'build')))
}

/** Whether the build may still be written to. */
export function isWritable(connection: ReadModelConnection, model: BuiltModel): boolean {
  const state = stateOf(connection, model)
  return state === 'building' || state === 'serving'
}

/** Inside a transaction of the caller's; false, for nothing changed, where the build may not serve yet or never more. */
export function serveBuild(connection: ReadModelConnection, model: BuiltModel): boolean {
  const state = stateOf(connection, model)
  if (state === 'serving') return true
  if (state !== 'building' || isBehind(connection, model)) return false
  const retire = `UPDATE builds SET state = 'retired' WHERE model = ? AND state = 'serving'`
  connection.prepare(retire).run(model.name)
  setState(connection, model, 'serving')
  countSchemaUp(connection)
  return true
}

/** Readers remember what serves for as long as the schema is the same. */
function countSchemaUp(connection: ReadModelConnection): void {
  connection.exec('CREATE TABLE switch (id INTEGER PRIMARY KEY) STRICT')
  connection.exec('DROP TABLE switch')
}

/** Whether some ledger is further in what serves now. */
function isBehind(connection: ReadModelConnection, model: BuiltModel): boolean {
  const text = `SELECT 1 FROM builds AS b
    JOIN checkpoints AS o ON o.model = b.model AND o.version = b.version AND o.build = b.build
    LEFT JOIN checkpoints AS n
      ON n.model = ? AND n.version = ? AND n.build = ? AND n.ledger = o.ledger
    WHERE b.model = ? AND b.state = 'serving' AND o.revision > coalesce(n.revision, -1) LIMIT 1`
  return connection.one({ text, values: [...keyOf(model), model.name] }) !== undefined
}

const droppedAtOnce = 2_000n

/** Takes away a part of a build; false when nothing is left. Inside a transaction of the caller's. */
export function dropPart(connection: ReadModelConnection, model: BuiltModel): boolean {
  const state = stateOf(connection, model)
  if (state === 'serving')
    throw new Error(`build ${model.build} of ${model.name} v${model.version} serves`)
  if (state === undefined || state === 'dropped') return false
  setState(connection, model, 'retired')
  const table = tableOf(model)
  const exists = `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`
  if (connection.one({ text: exists, values: [table] }) !== undefined) {
    const some = `DELETE FROM "${table}" WHERE rowid IN
      (SELECT rowid FROM "${table}" LIMIT ${droppedAtOnce})`
    if (connection.prepare(some).run().changes > 0n) return true
    connection.exec(`DROP TABLE "${table}"`)
    return true
  }
  const key = 'model = ? AND version = ? AND build = ?'
  const some = `DELETE FROM checkpoints WHERE ${key} AND ledger IN
    (SELECT ledger FROM checkpoints WHERE ${key} LIMIT ${droppedAtOnce})`
  if (connection.prepare(some).run(...keyOf(model), ...keyOf(model)).changes > 0n) return true
  setState(connection, model, 'dropped')
  return false
}

function stateOf(connection: ReadModelConnection, model: BuiltModel): unknown {
  const text = 'SELECT state FROM builds WHERE model = ? AND version = ? AND build = ?'
  return connection.one({ text, values: keyOf(model) })?.['state']
}

function setState(connection: ReadModelConnection, model: BuiltModel, state: string): void {
  const text = 'UPDATE builds SET state = ? WHERE model = ? AND version = ? AND build = ?'
  connection.prepare(text).run(state, ...keyOf(model))
}

/** What stands for a build in the tables that have all of them. */
export function keyOf({ name, version, build }: BuiltModel) {
  return [name, BigInt(version), BigInt(build)] as const
}
