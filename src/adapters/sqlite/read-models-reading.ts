import {
  acrossIndexes,
  idColumn,
  ledgerIndexes,
  ledgerNumber,
  ofEachModel,
  tableOf,
} from '#adapters/sqlite/read-models-collection.ts'
import type { List, ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { idSelected } from '#adapters/sqlite/read-models-find.ts'
import {
  checkpointColumns,
  checkpointOf,
  documentOf,
  integerOf,
  ledgerIdIn,
  textOf,
} from '#adapters/sqlite/read-models-rows.ts'
import { type Value, valueOf } from '#adapters/sqlite/read-models-values.ts'
import {
  type BuiltModel,
  type Checkpoint,
  type Parked,
  type ReadModelShape,
  ReadModelsUnavailable,
  type StoredDocument,
} from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

const checkpointText = `SELECT ${checkpointColumns} FROM checkpoints
  WHERE model = ? AND version = ? AND build = ? AND ledger = ${ledgerNumber}`

export function readCheckpoint(
  connection: ReadModelConnection,
  { name, version, build }: BuiltModel,
  ledgerId: LedgerId,
): Checkpoint | undefined {
  const values = [name, BigInt(version), BigInt(build), ledgerId]
  const [row] = connection.lists({ text: checkpointText, values })
  return row === undefined ? undefined : checkpointOf(row)
}

export function readCheckpoints(
  connection: ReadModelConnection,
  { name, version, build }: BuiltModel,
): ReadonlyMap<LedgerId, Checkpoint> {
  const text = `SELECT ${checkpointColumns}, ledger_id FROM checkpoints
    JOIN ledger_numbers ON number = ledger WHERE model = ? AND version = ? AND build = ?`
  const rows = connection.lists({ text, values: [name, BigInt(version), BigInt(build)] })
  return new Map(rows.map((row) => [ledgerIdIn(row), checkpointOf(row)]))
}

/** The ledgers that are parked in the model. */
export function readParked(
  connection: ReadModelConnection,
  { name, version, build }: BuiltModel,
): readonly LedgerId[] {
  const text = `SELECT ledger_id FROM checkpoints JOIN ledger_numbers ON number = ledger
    WHERE model = ? AND version = ? AND build = ? AND parked_revision IS NOT NULL`
  const rows = connection.all({ text, values: [name, BigInt(version), BigInt(build)] })
  return rows.map((row) => textOf(row, 'ledger_id'))
}

/** Of these ledgers those that are parked in the model. */
export function readParkedAmong(
  connection: ReadModelConnection,
  { name, version, build }: BuiltModel,
  among: readonly LedgerId[],
): ReadonlyMap<LedgerId, Parked> {
  const values = [name, BigInt(version), BigInt(build), JSON.stringify(among)]
  const parked = new Map<LedgerId, Parked>()
  for (const row of connection.lists({ text: parkedAmongText, values })) {
    const checkpoint = checkpointOf(row)
    if (checkpoint.parked !== undefined) parked.set(ledgerIdIn(row), checkpoint.parked)
  }
  return parked
}

const parkedAmongText = `SELECT ${checkpointColumns}, ledger_id
  FROM json_each(?4) CROSS JOIN ledger_numbers ON ledger_id = value
  CROSS JOIN checkpoints ON ledger = number
  WHERE model = ?1 AND version = ?2 AND build = ?3 AND parked_revision IS NOT NULL`

export function readDocument(
  connection: ReadModelConnection,
  model: BuiltModel,
  { ledgerId, id }: { readonly ledgerId: LedgerId; readonly id: string },
): StoredDocument | undefined {
  const values = [ledgerId, idValue(model, id)]
  const [row] = connection.lists({ text: documentText(model), values })
  return row === undefined ? undefined : documentOf({ model, ledgerId }, row)
}

const documentText = ofEachModel(
  (
    model: BuiltModel,
  ) => `SELECT ${idSelected(model)}, revision, document, checksum FROM "${tableOf(model)}"
    WHERE ledger = ${ledgerNumber} AND ${idColumn(model)} = ?`,
)

/** Those of the documents that are there, all of one moment. */
export function readDocuments(
  connection: ReadModelConnection,
  model: BuiltModel,
  { ledgerId, ids }: { readonly ledgerId: LedgerId; readonly ids: readonly string[] },
): StoredDocument[] {
  if (ids.length === 0) return []
  const [text, manyText] = documentsTexts(model)
  const read = (row: List) => documentOf({ model, ledgerId }, row)
  if (ids.length <= fewIds) {
    const values = Array.from({ length: fewIds }, (_, at) =>
      idValue(model, ids[at] ?? ids[0] ?? ''),
    )
    return connection.lists({ text, values: [ledgerId, ...values] }).map(read)
  }
  const list = isNumbered(model) ? `[${ids.join()}]` : JSON.stringify(ids)
  return connection.lists({ text: manyText, values: [ledgerId, list] }).map(read)
}

/** So many are named one by one, which costs a third of a list that SQLite has to take apart. */
const fewIds = 4

const documentsTexts = ofEachModel((model: BuiltModel): readonly [string, string] => {
  const begin = `SELECT ${idSelected(model)}, revision, document, checksum FROM "${tableOf(model)}"
    WHERE ledger = ${ledgerNumber} AND ${idColumn(model)} IN `
  const few = Array.from({ length: fewIds }, () => '?').join()
  return [`${begin}(${few})`, `${begin}(SELECT value FROM json_each(?))`]
})

function idValue(model: ReadModelShape, id: string): Value {
  return model.id === undefined ? id : valueOf(model, model.id, id)
}

function isNumbered({ id, fields }: ReadModelShape): boolean {
  return id !== undefined && fields[id] === 'integer'
}

/**
 * Whether the projector has made the collection. Of a build that does not serve yet, documents are found by id only.
 * @throws {ReadModelsUnavailable} naming an index of those that the model declares while it still lacks that, or the table
 * where it serves and yet has none.
 */
export function hasCollection(
  connection: ReadModelConnection,
  model: BuiltModel,
  { byIdOnly = false } = {},
): boolean {
  const table = tableOf(model)
  if (connection.collections.has(table)) return true
  const text = `SELECT name FROM sqlite_schema WHERE tbl_name = ? AND type IN ('table', 'index')`
  const rows = connection.all({ text, values: [table] })
  const names = new Set(rows.map((row) => textOf(row, 'name')))
  if (byIdOnly && !names.has(table)) return false
  const [byId, ...others] = [...ledgerIndexes(model), ...acrossIndexes(model)]
  const needed = [{ name: table }, byId, ...(byIdOnly ? [] : others)]
  const lacked = needed.find((each) => each !== undefined && !names.has(each.name))
  if (lacked !== undefined) throw lacking(model, lacked.name)
  if (!byIdOnly) connection.collections.add(table)
  return true
}

function lacking(model: BuiltModel, name: string): ReadModelsUnavailable {
  const what = name === tableOf(model) ? 'table' : 'index'
  return new ReadModelsUnavailable(
    `The read model ${model.name} has no ${what} ${name}: it is being made, or was taken away.`,
  )
}

/** Where a feed of the log goes on reading. */
export function readFeedPosition(
  connection: ReadModelConnection,
  feed: string,
): bigint | undefined {
  const row = connection.one({ text: 'SELECT position FROM feeds WHERE feed = ?', values: [feed] })
  return row === undefined ? undefined : integerOf(row, 'position')
}
