import { setTimeout as sleep } from 'node:timers/promises'
import {
  addBuild,
  builtModel,
  dropPart,
  firstBuild,
  isWritable,
  readBuilds,
  serveBuild,
} from '#adapters/sqlite/read-models-builds.ts'
import { collectionSchema, columnTypes, tableOf } from '#adapters/sqlite/read-models-collection.ts'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { asReadModelsError } from '#adapters/sqlite/read-models-errors.ts'
import { makeReadModelsFile, openToWrite } from '#adapters/sqlite/read-models-file.ts'
import { moveLease, readLease } from '#adapters/sqlite/read-models-leases.ts'
import {
  readCheckpoint,
  readDocuments,
  readFeedPosition,
} from '#adapters/sqlite/read-models-reading.ts'
import { textOf } from '#adapters/sqlite/read-models-rows.ts'
import { storeChange } from '#adapters/sqlite/read-models-store.ts'
import { whenFree } from '#adapters/sqlite/sqlite-results.ts'
import {
  type BuiltModel,
  type ModelBuild,
  type ReadModelShape,
  ReadModelsUnavailable,
  type ReadModelWriter,
} from '#ports/read-models.ts'

/** `busyMaxMs`: how long a write waits for another process's. `cacheKiB`: page cache of the one connection. */
export type SqliteReadModelWriterOptions = {
  readonly path: string
  readonly busyMaxMs?: number
  readonly cacheKiB?: number
}

/**
 * The projector's side: makes the file (0600) where there is none, and anew where its layout is another.
 * Several may have it open; one writes at a time. A commit blocks the calling thread.
 */
export async function openSqliteReadModelWriter({
  path,
  busyMaxMs = 5_000,
  cacheKiB = 65_536,
}: SqliteReadModelWriterOptions): Promise<ReadModelWriter> {
  makeReadModelsFile(path)
  const connection = await whenUsable(busyMaxMs, () => openToWrite(path, cacheKiB))
  let closed = false
  const use = <Result>(work: () => Result): Promise<Result> =>
    whenUsable(busyMaxMs, () => {
      if (closed) throw new ReadModelsUnavailable('The read models are closed.')
      return work()
    })

  return {
    prepare: (model) => use(() => prepareModel(connection, model)),

    checkpoint: (model, ledgerId) =>
      use(() => {
        const built = builtModel(connection, model)
        return built && readCheckpoint(connection, built, ledgerId)
      }),

    load: (model, ledgerId, ids) =>
      use(() => {
        const built = builtModel(connection, model)
        // Of a build that was retired the table may be gone; a commit to it is refused.
        if (built === undefined || !isWritable(connection, built)) return []
        return readDocuments(connection, built, { ledgerId, ids })
      }),

    commit: (changes) =>
      use(() =>
        connection.transaction(() => changes.every((each) => storeChange(connection, each))),
      ),

    builds: (model) => use(() => readBuilds(connection, model)),

    startBuild: (model, startedAt) => use(() => startBuild(connection, model, startedAt)),

    serveBuild: (model) => use(() => connection.transaction(() => serveBuild(connection, model))),

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
        await sleep(droppingPauseMs)
      }
    },

    feedPosition: (feed) => use(() => readFeedPosition(connection, feed)),

    saveFeedPosition: (feed, position) =>
      use(() => {
        const text = `INSERT INTO feeds VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position`
        connection.prepare(text).run(feed, position)
      }),

    forgetFeedPosition: (feed) =>
      use(() => void connection.prepare('DELETE FROM feeds WHERE feed = ?').run(feed)),

    lease: (name) => use(() => readLease(connection, name)),

    moveLease: (name, seen, holder) => use(() => moveLease(connection, { name, seen, holder })),

    async [Symbol.asyncDispose]() {
      if (closed) return
      closed = true
      connection.close()
    },
  }
}

/** Tries until no other process holds the lock. @throws {ReadModelsUnavailable} */
async function whenUsable<Result>(busyMaxMs: number, work: () => Result): Promise<Result> {
  try {
    return await whenFree(work, busyMaxMs)
  } catch (error) {
    throw asReadModelsError(error)
  }
}

/** Others write between two pieces. */
const droppingPauseMs = 5

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
    makeCollection(connection, built)
    return true
  })
  return started
}

function makeCollection(connection: ReadModelConnection, model: BuiltModel): void {
  for (const statement of collectionSchema(model)) connection.exec(statement)
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
