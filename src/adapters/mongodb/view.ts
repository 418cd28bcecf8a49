import type { Db } from 'mongodb'
import { builtToRead, isGone, type Registry, readRegistry } from '#adapters/mongodb/builds.ts'
import { checkpointsOfLedger, parkedAmong } from '#adapters/mongodb/checkpoints.ts'
import { revisionIndex } from '#adapters/mongodb/collections.ts'
import type { MongoConnection } from '#adapters/mongodb/connection.ts'
import { documentsOfModel } from '#adapters/mongodb/documents.ts'
import { type FindPlan, planFind } from '#adapters/mongodb/find.ts'
import {
  checkedDocumentOf,
  type Content,
  documentKey,
  documentOf,
  documentOfLedger,
  type Row,
  rowWithFields,
} from '#adapters/mongodb/rows.ts'
import { compareValues } from '#adapters/mongodb/values.ts'
import {
  type BuiltModel,
  type Find,
  type ModelBuild,
  type Parked,
  ReadViewOutdated,
  type ReadView,
  type StoredDocument,
} from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

type Connection = Pick<MongoConnection, 'use' | 'limits'>

/** What a document was at the view's checkpoint, and how it is kept. */
type Shown = { readonly row: Row; readonly content: Content }

type Moment = {
  readonly ledgerId: LedgerId
  readonly model: BuiltModel
  /** The view's checkpoint in the model. */
  readonly at: bigint
}

/**
 * A view of one ledger: of its checkpoints as they are now, and of each document what it was at the model's. Nothing is
 * held at the server, and nothing has to be given back.
 */
export async function viewOfLedger(connection: Connection, ledgerId: LedgerId): Promise<ReadView> {
  const [registry, checkpointOf] = await connection.use((database) =>
    Promise.all([readRegistry(database), checkpointsOfLedger(database, ledgerId)]),
  )
  const momentOf = (meant: ModelBuild): Moment | undefined => {
    const model = builtToRead(registry, meant)
    return model && { ledgerId, model, at: checkpointOf(model)?.revision ?? -1n }
  }
  return {
    async checkpoint(meant) {
      const model = builtToRead(registry, meant)
      if (model === undefined) return undefined
      const checkpoint = checkpointOf(model)
      if (checkpoint === undefined) await connection.use((database) => assertThere(database, model))
      return checkpoint
    },
    async get(model, id) {
      const moment = momentOf(model)
      return moment && (await connection.use((database) => getAt(database, moment, id)))
    },
    async find(meant, find) {
      const moment = momentOf(meant)
      const model = moment?.model ?? meant
      const plan = planFind(model, find, ledgerId)
      if (plan === undefined || moment === undefined) return []
      // No document shows before the first checkpoint.
      if (moment.at < 0n) {
        await connection.use((database) => assertThere(database, moment.model))
        return []
      }
      if (find.evenAhead === true)
        return (await rowsNow(connection, moment.model, { find, plan })).map((row) =>
          found(moment.model, find, { row, content: row }),
        )
      const { aheadMax } = connection.limits
      return connection.use((database) => findAt(database, moment, { find, plan, aheadMax }))
    },
    parked: async (meant, among) => parkedNow(connection, builtToRead(registry, meant), among),
    async [Symbol.asyncDispose]() {},
  }
}

async function getAt(
  database: Db,
  moment: Moment,
  id: string,
): Promise<StoredDocument | undefined> {
  const { model, ledgerId } = moment
  const collection = documentsOfModel(database, model)
  const row = await collection.findOne({ _id: { $eq: documentKey(ledgerId, id) } })
  if (row === null) await assertThere(database, model)
  const content = row === null ? undefined : contentAt(moment, row)
  return content === undefined ? undefined : documentOf(model, { ledgerId, id }, content)
}

/** What is missing may have been dropped since the view was opened. @throws {ReadViewOutdated} */
async function assertThere(database: Db, model: BuiltModel): Promise<void> {
  if (isGone(await readRegistry(database), model))
    throw new ReadViewOutdated(`a build of ${model.name} was dropped since the view was opened`)
}

/** What a document was at the moment; undefined where it was not there. @throws {ReadViewOutdated} */
function contentAt({ model, at }: Moment, row: Row): Content | undefined {
  if (row.revision <= at) return row
  if (model.appendOnly === true) return undefined
  const { before = null, asOf = -1n } = row
  if (asOf < at || (before !== null && before.revision > at))
    throw new ReadViewOutdated(`${model.name} has moved on twice since the view was opened`)
  return before ?? undefined
}

type Asked = { readonly find: Find; readonly plan: FindPlan; readonly aheadMax: number }

/**
 * Documents that have not changed since the moment are found as they are. Those that have are looked for strictly after
 * that, so that one that changes in between is found once at least; they are found by what they were.
 */
async function findAt(database: Db, moment: Moment, asked: Asked): Promise<StoredDocument[]> {
  const { find, plan } = asked
  const { at, model } = moment
  const rows = await documentsOfModel(database, model)
    .find({ $and: [plan.current, { revision: { $lte: at } }] }, optionsOf(find, plan))
    .toArray()
  const unchanged = rows.map(rowWithFields).map((row) => ({ row, content: row }))
  const later = model.appendOnly === true ? [] : await rowsAhead(database, moment, asked)
  await assertThere(database, model)
  if (model.appendOnly === true) return unchanged.map((shown) => found(model, find, shown))
  const seen = new Set(unchanged.map(({ row }) => row._id))
  const ahead = later.filter(({ _id: key }) => !seen.has(key))
  const changed = ahead.flatMap((row) => {
    const content = contentAt(moment, row)
    return content === undefined ? [] : [{ row, content }]
  })
  return merged([...unchanged, ...changed], find).map((shown) => found(model, find, shown))
}

function found(model: BuiltModel, { checksFields }: Find, shown: Shown): StoredDocument {
  const { row, content } = shown
  return checksFields === true
    ? checkedDocumentOf(model, row, content)
    : documentOf(model, row, content)
}

function optionsOf({ limit }: Find, { sort, index }: FindPlan) {
  return { sort, limit, batchSize: limit, hint: index }
}

/**
 * Documents that the moment's checkpoint has not reached: those that the find would have found before, and those of which
 * nobody knows any more. Bounded: a view that so much has passed is given up.
 */
async function rowsAhead(
  database: Db,
  { ledgerId, model, at }: Moment,
  { plan, aheadMax }: Asked,
): Promise<readonly Row[]> {
  const matched = { $and: [{ before: { $ne: null } }, plan.before] }
  const unknown = [{ asOf: { $lt: at } }, { 'before.revision': { $gt: at } }]
  const filter = {
    ledgerId: { $eq: ledgerId },
    revision: { $gt: at },
    $or: [...unknown, matched],
  }
  const rows = await documentsOfModel(database, model)
    .find(filter, { hint: revisionIndex.name, limit: aheadMax + 1, batchSize: aheadMax + 1 })
    .toArray()
  if (rows.length > aheadMax)
    throw new ReadViewOutdated(`more than ${aheadMax} documents of ${model.name} have moved on`)
  return rows.map(rowWithFields)
}

function merged(shown: readonly Shown[], { orderBy, descending, limit }: Find): readonly Shown[] {
  const direction = descending === true ? -1 : 1
  const order = (left: Shown, right: Shown): number => {
    for (const field of orderBy) {
      const fields = compareValues(left.content.fields[field], right.content.fields[field])
      if (fields !== 0) return fields * direction
    }
    return compareValues(left.row._id, right.row._id) * direction
  }
  return shown.toSorted(order).slice(0, limit)
}

/** A view of all ledgers: each document as it is. */
export function viewOfAll(connection: Connection): ReadView {
  let registry: Registry | undefined
  return {
    checkpoint: ofOneLedger,
    get: ofOneLedger,
    async find(meant, find) {
      registry ??= await connection.use(readRegistry)
      const model = builtToRead(registry, meant)
      const plan = planFind(model ?? meant, find, undefined)
      if (plan === undefined || model === undefined) return []
      const rows = await rowsNow(connection, model, { find, plan })
      return rows.map((row) => documentOfLedger(model, row))
    },
    async parked(meant, among) {
      registry ??= await connection.use(readRegistry)
      return parkedNow(connection, builtToRead(registry, meant), among)
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** What a find finds of documents as they are. */
function rowsNow(
  connection: Connection,
  model: BuiltModel,
  { find, plan }: Pick<Asked, 'find' | 'plan'>,
): Promise<readonly Row[]> {
  return connection.use(async (database) => {
    const { current } = plan
    const rows = await documentsOfModel(database, model)
      .find(current, optionsOf(find, plan))
      .toArray()
    await assertThere(database, model)
    return rows
  })
}

async function parkedNow(
  connection: Connection,
  model: BuiltModel | undefined,
  among: readonly LedgerId[],
): Promise<ReadonlyMap<LedgerId, Parked>> {
  if (model === undefined) return new Map()
  return connection.use(async (database) => {
    const parked = await parkedAmong(database, model, among)
    await assertThere(database, model)
    return parked
  })
}

async function ofOneLedger(): Promise<never> {
  throw new Error('A view of all ledgers can only find: open one of the ledger.')
}
