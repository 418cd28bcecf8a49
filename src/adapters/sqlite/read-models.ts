import { builtToRead, readBuilds } from '#adapters/sqlite/read-models-builds.ts'
import type { List, ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { findStatement } from '#adapters/sqlite/read-models-find.ts'
import { readFaults, readLedgers } from '#adapters/sqlite/read-models-inspection.ts'
import { readLease } from '#adapters/sqlite/read-models-leases.ts'
import {
  hasCollection,
  readCheckpoints,
  readDocument,
  readFeedPosition,
  readParked,
  readParkedAmong,
} from '#adapters/sqlite/read-models-reading.ts'
import {
  checkedDocumentOf,
  documentOf,
  documentOfLedger,
} from '#adapters/sqlite/read-models-rows.ts'
import { type Moment, SharedMoments } from '#adapters/sqlite/read-models-shared.ts'
import { Snapshots } from '#adapters/sqlite/read-models-snapshot.ts'
import { Stamps } from '#adapters/sqlite/read-models-stamps.ts'
import {
  type Build,
  type Checkpoint,
  type Find,
  isBuilt,
  type Lease,
  type Parked,
  type ReadModelShape,
  type ReadModels,
  type ReadView,
} from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** All but the path are bounds: moments that views show at once, callers waiting for one, for how long, how long one stays open. */
export type SqliteReadModelsOptions = {
  readonly path: string
  readonly viewsMax?: number
  readonly waitingMax?: number
  readonly waitMaxMs?: number
  readonly viewMaxMs?: number
  /** Page cache of each connection. */
  readonly cacheKiB?: number
}

/**
 * The query side of the file that a read-model writer keeps, in this or another thread or process. Reads on the
 * calling thread; the file need not be there yet, and then answers as if nothing had been applied. One that was there and
 * is gone answers nothing.
 */
export async function openSqliteReadModels({
  path,
  viewsMax = 8,
  waitingMax = 1_000,
  waitMaxMs = 2_000,
  viewMaxMs = 60_000,
  cacheKiB = 8_192,
}: SqliteReadModelsOptions): Promise<ReadModels> {
  const bounds = { openMax: viewsMax, waitingMax, waitMaxMs, openMaxMs: viewMaxMs }
  const snapshots = new Snapshots({ path, cacheKiB, ...bounds })
  const stamps = new Stamps(path)
  const moments = new SharedMoments(snapshots, stamps)
  const atOnce: AtOnce = async (nothing, work) => {
    const snapshot = await snapshots.open()
    try {
      return snapshot.read(nothing, work)
    } finally {
      snapshot.end()
    }
  }
  return {
    async stamp(ledgerId, models) {
      return stamps.of(ledgerId, models)
    },

    async view(ledgerId) {
      return viewOf(await moments.open(), ledgerId)
    },

    checkpoints: (model) =>
      atOnce(none, (connection) => {
        const built = builtToRead(connection, model)
        return built === undefined ? none : readCheckpoints(connection, built)
      }),

    parked: (model) =>
      atOnce<readonly LedgerId[]>([], (connection) => {
        const built = builtToRead(connection, model)
        return built === undefined ? [] : readParked(connection, built)
      }),

    builds: (model) => atOnce<readonly Build[]>([], (connection) => readBuilds(connection, model)),

    ...placesAndLeases(atOnce),

    ...inspections(atOnce),

    async check() {
      const snapshot = await snapshots.open()
      snapshot.end()
    },

    async [Symbol.asyncDispose]() {
      stamps.close()
      await snapshots.close()
    },
  }
}

/** Reads in a moment of its own. */
type AtOnce = <Result>(
  nothing: Result,
  work: (connection: ReadModelConnection) => Result,
) => Promise<Result>

function placesAndLeases(atOnce: AtOnce): Pick<ReadModels, 'feedPosition' | 'lease'> {
  return {
    feedPosition: (feed) =>
      atOnce<bigint | undefined>(undefined, (connection) => readFeedPosition(connection, feed)),

    lease: (name) =>
      atOnce<Lease | undefined>(undefined, (connection) => readLease(connection, name)),
  }
}

function inspections(atOnce: AtOnce): Pick<ReadModels, 'ledgers' | 'faults'> {
  return {
    ledgers: (model) =>
      atOnce<readonly LedgerId[]>([], (connection) => {
        const built = builtToRead(connection, model)
        return built === undefined ? [] : readLedgers(connection, built)
      }),

    faults: (models) =>
      atOnce<readonly string[]>([], (connection) => readFaults(connection, models)),
  }
}

const none: ReadonlyMap<LedgerId, Checkpoint> = new Map()

function viewOf(moment: Moment, ledgerId: LedgerId | undefined): ReadView {
  const oneLedger = (): LedgerId => {
    if (ledgerId !== undefined) return ledgerId
    throw new Error('A view of all ledgers can only find: open one of the ledger.')
  }
  const read = (model: ReadModelShape, { checksFields }: Find) => {
    if (ledgerId === undefined) return (row: List) => documentOfLedger(model, row)
    const documentIn = checksFields === true ? checkedDocumentOf : documentOf
    return (row: List) => documentIn({ model, ledgerId }, row)
  }
  return {
    async checkpoint(model) {
      const of = oneLedger()
      const built = moment.read(undefined, (connection) => builtToRead(connection, model))
      return built && moment.checkpoint(built, of)
    },

    async get(model, id) {
      const key = { ledgerId: oneLedger(), id }
      return moment.read(undefined, (connection) => {
        const built = builtToRead(connection, model)
        const byIdOnly = isBuilt(model)
        if (built === undefined || !hasCollection(connection, built, { byIdOnly })) return undefined
        return readDocument(connection, built, key)
      })
    },

    async find(model, find) {
      const found = moment.read(undefined, (connection) => {
        const built = builtToRead(connection, model)
        const byIdOnly = isBuilt(model)
        if (built === undefined || !hasCollection(connection, built, { byIdOnly })) return undefined
        const statement = findStatement(built, find, ledgerId)
        return statement === undefined ? [] : connection.lists(statement).map(read(built, find))
      })
      if (found !== undefined) return found
      // A find that no index serves is a bug also where nothing is stored yet.
      findStatement(model, find, ledgerId)
      return []
    },

    parked: async (model, among) =>
      moment.read<ReadonlyMap<LedgerId, Parked>>(new Map(), (connection) => {
        const built = builtToRead(connection, model)
        return built === undefined ? new Map() : readParkedAmong(connection, built, among)
      }),

    async [Symbol.asyncDispose]() {
      moment.end()
    },
  }
}
