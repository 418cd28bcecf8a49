import { builtModel, isWritable } from '#adapters/sqlite/read-models-builds.ts'
import { buildsOn, makeFindable, type Use } from '#adapters/sqlite/read-models-building.ts'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { asReadModelsError } from '#adapters/sqlite/read-models-errors.ts'
import { hasLayout, makeReadModelsFile, openToWrite } from '#adapters/sqlite/read-models-file.ts'
import { moveLease, readLease } from '#adapters/sqlite/read-models-leases.ts'
import {
  readCheckpoint,
  readDocuments,
  readFeedPosition,
} from '#adapters/sqlite/read-models-reading.ts'
import { readyToStore, storeChanges } from '#adapters/sqlite/read-models-store.ts'
import { Unfound } from '#adapters/sqlite/read-models-unfound.ts'
import { lacksWhatIsNamed, whenFree } from '#adapters/sqlite/sqlite-results.ts'
import {
  type BuiltModel,
  ReadModelsUnavailable,
  type ReadModelWriter,
  type StoredDocument,
} from '#ports/read-models.ts'

/**
 * `busyMaxMs`: how long a write waits for another process's. `cacheKiB`: page cache of the one connection.
 * `checkpointPages`: pages of the write-ahead log above which a commit checkpoints.
 */
export type SqliteReadModelWriterOptions = {
  readonly path: string
  readonly busyMaxMs?: number
  readonly cacheKiB?: number
  readonly checkpointPages?: number
}

/**
 * The projector's side: makes the file (0600) where there is none, and anew where its layout is another.
 * Several may have it open; one writes at a time. A commit blocks the calling thread.
 */
export async function openSqliteReadModelWriter({
  path,
  busyMaxMs = 5_000,
  cacheKiB = 65_536,
  checkpointPages,
}: SqliteReadModelWriterOptions): Promise<ReadModelWriter> {
  const usable = usableAt(path, busyMaxMs)
  const connection = await usable(() => {
    makeReadModelsFile(path)
    return openToWrite(path, { cacheKiB, checkpointPages })
  })
  let closed = false
  const use: Use = (work) =>
    usable(() => {
      if (closed) throw new ReadModelsUnavailable('The read models are closed.')
      return inItsLayout(connection, work)
    })

  const unfound = new Unfound((model) => makeFindable(connection, use, model))

  return {
    ...buildsOn(connection, use),

    checkpoint: (model, ledgerId) =>
      use(() => {
        const built = builtModel(connection, model)
        return built && readCheckpoint(connection, built, ledgerId)
      }),

    load: (model, ledgerId, ids) =>
      use(() => {
        const built = builtModel(connection, model)
        return built === undefined ? [] : readUnlessGone(connection, built, { ledgerId, ids })
      }),

    async commit(changes) {
      const ready = changes.map(readyToStore)
      const store = () => connection.transaction(() => storeChanges(connection, ready))
      if (!(await use(store))) return false
      await unfound.stored(changes)
      return true
    },

    ...feedsOn(connection, use),

    lease: (name) => use(() => readLease(connection, name)),

    moveLease: (name, seen, holder) => use(() => moveLease(connection, { name, seen, holder })),

    async [Symbol.asyncDispose]() {
      if (closed) return
      closed = true
      connection.close()
    },
  }
}

/** Of a build that was retired the table may be gone; a commit to it is refused. */
function readUnlessGone(
  connection: ReadModelConnection,
  model: BuiltModel,
  which: Parameters<typeof readDocuments>[2],
): readonly StoredDocument[] {
  try {
    return readDocuments(connection, model, which)
  } catch (error) {
    if (isWritable(connection, model)) throw error
    return []
  }
}

type OfFeeds = 'feedPosition' | 'saveFeedPosition' | 'forgetFeedPosition'

function feedsOn(connection: ReadModelConnection, use: Use): Pick<ReadModelWriter, OfFeeds> {
  return {
    feedPosition: (feed) => use(() => readFeedPosition(connection, feed)),

    saveFeedPosition: (feed, position) =>
      use(() => {
        const text = `INSERT INTO feeds VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position`
        connection.prepare(text).run(feed, position)
      }),

    forgetFeedPosition: (feed) =>
      use(() => void connection.prepare('DELETE FROM feeds WHERE feed = ?').run(feed)),
  }
}

/**
 * What is not there that a statement names may be damage, unless a program of another release has made the file anew.
 * @throws {TypeError} then: this one has no business there any more.
 */
function inItsLayout<Result>(connection: ReadModelConnection, work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    if (lacksWhatIsNamed(cause) && !hasLayout(connection))
      throw new TypeError('another release has made the read models anew: stop this one', { cause })
    throw cause
  }
}

/** Tries until no other process holds the lock. @throws {ReadModelsUnavailable} */
function usableAt(path: string, busyMaxMs: number): Use {
  return async (work) => {
    try {
      return await whenFree(work, busyMaxMs)
    } catch (error) {
      throw asReadModelsError(path, error)
    }
  }
}
