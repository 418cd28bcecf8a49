import { setTimeout as sleep } from 'node:timers/promises'
import {
  addBuild,
  builtModel,
  dropPart,
  firstBuild,
  isWritable,
  readBuilds,
  serveBuild,
  servingVersion,
} from '#adapters/sqlite/read-models-builds.ts'
import { collectionSchema, columnTypes, tableOf } from '#adapters/sqlite/read-models-collection.ts'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { textOf } from '#adapters/sqlite/read-models-rows.ts'
import {
  type BuiltModel,
  isBuilt,
  type ModelBuild,
  type ReadModelShape,
  type ReadModelWriter,
} from '#ports/read-models.ts'

/** Tries until no other process holds the lock. */
export type Use = <Result>(work: () => Result) => Promise<Result>
type OfBuilds = 'prepare' | 'builds' | 'servingVersion' | 'startBuild' | 'serveBuild' | 'dropBuild'

/** What a writer does with builds. `use` tries until no other process holds the lock. */
export function buildsOn(
  connection: ReadModelConnection,
  use: Use,
): Pick<ReadModelWriter, OfBuilds> {
  return {
    async prepare(model) {
      if (!isBuilt(model)) return use(() => prepareModel(connection, model))
      await use(() => {
        if (isWritable(connection, model)) assertColumns(connection, model)
      })
      await makeFindable(connection, use, model)
    },

    builds: (model) => use(() => readBuilds(connection, model)),

    servingVersion: (name) => use(() => servingVersion(connection, name)),

    startBuild: (model, startedAt) => use(() => startBuild(connection, model, startedAt)),

    async serveBuild(model) {
      await makeFindable(connection, use, model)
      return use(() => connection.transaction(() => serveBuild(connection, model)))
    },

    async dropBuild(model) {
      let isLeft = true
      while (isLeft) {
        isLeft = await use(() => {
          let more = false
          connection.transaction(() => {
            more = dropPart(connection, model)
            return true
          })
          return more
        })
        await sleep(pauseMs)
      }
    },
  }
}

/** Others write between two pieces of what takes long: who waits for the lock looks every 4 ms. */
const pauseMs = 5

function prepareModel(connection: ReadModelConnection, model: ModelBuild): void {
  connection.transaction(() => {
    const built = builtModel(connection, model) ?? firstBuild(connection, model)
    if (built !== undefined) makeCollection(connection, built)
    return built !== undefined
  })
}

function startBuild(
  connection: ReadModelConnection,
  model: ReadModelShape,
  startedAt: string,
): number {
  let started = 0
  connection.transaction(() => {
    const built = addBuild(connection, model, { state: 'building', startedAt })
    started = built.build
    for (const statement of collectionSchema(built).toStore) connection.exec(statement)
    return true
  })
  return started
}

/**
 * Makes the indexes that a build has been filled without, each in a transaction of its own: others write in between.
 * Measured: sorting all documents once costs two fifths of putting each in its place (decision 0026).
 */
export async function makeFindable(
  connection: ReadModelConnection,
  use: Use,
  model: BuiltModel,
): Promise<void> {
  for (const statement of collectionSchema(model).toFind) {
    const begunMs = performance.now()
    await use(() => {
      if (isWritable(connection, model)) connection.exec(statement)
    })
    if (performance.now() - begunMs > pauseMs) await sleep(pauseMs)
  }
}

function makeCollection(connection: ReadModelConnection, model: BuiltModel): void {
  const { toStore, toFind } = collectionSchema(model)
  for (const statement of [...toStore, ...toFind]) connection.exec(statement)
  assertColumns(connection, model)
}

/** A model whose fields changed under the same version would be half old: that is a bug of its projection. */
function assertColumns(connection: ReadModelConnection, model: ReadModelShape): void {
  const text = 'SELECT name FROM pragma_table_info(?)'
  const rows = connection.all({ text, values: [tableOf(model)] })
  const stored = rows.map((row) => textOf(row, 'name')).join()
  const declared = columnTypes(model)
    .map(([name]) => name)
    .join()
  if (stored !== declared)
    throw new Error(
      `${model.name} v${model.version} was made with other fields: count its version up`,
    )
}
