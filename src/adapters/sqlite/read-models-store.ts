import type { SQLInputValue, StatementSync } from 'node:sqlite'
import {
  columnOf,
  columnTypes,
  idColumn,
  ledgerNumber,
  tableOf,
} from '#adapters/sqlite/read-models-collection.ts'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { builtModel, isWritable, keyOf } from '#adapters/sqlite/read-models-builds.ts'
import { checksumOf, integerOf } from '#adapters/sqlite/read-models-rows.ts'
import { bindable, fieldValues } from '#adapters/sqlite/read-models-values.ts'
import type {
  BuiltModel,
  ModelBuild,
  ModelChange,
  ReadModelShape,
  StoredDocument,
} from '#ports/read-models.ts'
import { DocumentUnfit } from '#ports/refused-documents.ts'
import type { LedgerId } from '#values/ids.ts'
import { isJsonObject } from '#values/json.ts'

/** A change, and its documents as rows: all that can be made of them before anybody is kept from writing. */
export type ReadyChange = { readonly change: ModelChange; readonly rows: readonly Row[] }

/** What is bound for one document, in the order of the columns; the ledger's number comes in later. */
type Row = SQLInputValue[]

/** @throws {DocumentUnfit} */
export function readyToStore(change: ModelChange): ReadyChange {
  return { change, rows: change.documents.map((stored) => rowOf(change, stored)) }
}

function rowOf({ model, ledgerId }: ModelChange, { id, revision, document }: StoredDocument): Row {
  try {
    if (!isJsonObject(document)) throw new TypeError('it is no object')
    if (model.id !== undefined && document[model.id] !== id)
      throw new TypeError(`its ${model.id} is not its id`)
    const key = model.id === undefined ? [0, id] : [0]
    const fields = fieldValues(model, document)
    const text = JSON.stringify(document)
    const checksum = checksumOf({ ledgerId, id, revision }, text)
    return [...key, bindable(revision), ...fields, text, checksum]
  } catch (cause) {
    throw new DocumentUnfit(model, ledgerId, { id, cause })
  }
}

/** Stores changes inside a transaction of the caller's; false where the checkpoint of one is elsewhere. */
export function storeChanges(
  connection: ReadModelConnection,
  ready: readonly ReadyChange[],
): boolean {
  const builds = new Map<ModelBuild, BuiltModel | undefined>()
  const ledgers = new Map<LedgerId, bigint>()
  return movingTogether(ready).every((together) => {
    const [{ change }] = together
    const ledger = seenOrLooked(ledgers, change.ledgerId, (id) => numberFor(connection, id))
    const models = together
      .map((each) => seenOrLooked(builds, each.change.model, writableBuild(connection)))
      .filter((model) => model !== undefined)
    if (models.length < together.length) return false
    if (!moveCheckpoints(connection, models, { change, ledger })) return false
    for (const [index, model] of models.entries())
      storeRows(connection, model, { rows: together[index]?.rows ?? [], ledger })
    return true
  })
}

type Together = readonly [ReadyChange, ...ReadyChange[]]

/** Changes that follow each other and move one ledger from one checkpoint to one other, each in a model of its own. */
function movingTogether(ready: readonly ReadyChange[]): readonly Together[] {
  const all: [ReadyChange, ...ReadyChange[]][] = []
  for (const each of ready) {
    const last = all.at(-1)
    if (last !== undefined && isSameMove(last[0].change, each.change)) last.push(each)
    else all.push([each])
  }
  return all
}

function isSameMove(one: ModelChange, other: ModelChange): boolean {
  return (
    one.ledgerId === other.ledgerId &&
    one.expected === other.expected &&
    one.checkpoint.revision === other.checkpoint.revision &&
    one.checkpoint.recordedAt === other.checkpoint.recordedAt &&
    one.checkpoint.parked === other.checkpoint.parked
  )
}

/** Nothing of it changes within one transaction. */
function seenOrLooked<Key, Value>(
  values: Map<Key, Value>,
  key: Key,
  look: (key: Key) => Value,
): Value {
  const seen = values.get(key)
  if (seen !== undefined) return seen
  const value = look(key)
  values.set(key, value)
  return value
}

function writableBuild(connection: ReadModelConnection) {
  return (model: ModelBuild): BuiltModel | undefined => {
    const built = builtModel(connection, model)
    return built !== undefined && isWritable(connection, built) ? built : undefined
  }
}

/** Ledgers are numbered in the order in which they come. */
function numberFor(connection: ReadModelConnection, ledgerId: LedgerId): bigint {
  const values = [ledgerId]
  const known = connection.one({ text: `SELECT ${ledgerNumber} AS number`, values })
  if (known !== undefined && known['number'] !== null) return integerOf(known, 'number')
  const text = 'INSERT INTO ledger_numbers (ledger_id) VALUES (?) RETURNING number'
  return integerOf(connection.one({ text, values }) ?? {}, 'number')
}

function storeRows(
  connection: ReadModelConnection,
  model: BuiltModel,
  { rows, ledger }: { readonly rows: readonly Row[]; readonly ledger: bigint },
): void {
  const { light, full } = upserts(model)
  const storeLight = connection.prepareToCount(light)
  let storeFull: StatementSync | undefined
  const number = bindable(ledger)
  for (const row of rows) {
    row[0] = number
    if (storeLight.run(...row).changes !== 0) continue
    storeFull ??= connection.prepareToCount(full)
    storeFull.run(...row)
  }
}

/**
 * `light` leaves a stored document whose fields differ alone, and so touches no index but for a new document; `full`
 * replaces it. SQLite rewrites the index entries of every column that an UPDATE names, also for equal values.
 */
function upserts(model: ReadModelShape): { readonly light: string; readonly full: string } {
  const known = upsertsByModel.get(model)
  if (known !== undefined) return known
  const table = tableOf(model)
  const columns = columnTypes(model).map(([name]) => name)
  const changing = Object.keys(model.fields).filter((field) => field !== model.id)
  const fields = changing.map((field) => columnOf(model, field))
  const insert = `INSERT INTO "${table}" (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT (ledger, ${idColumn(model)}) DO UPDATE SET revision = excluded.revision,
      document = excluded.document, checksum = excluded.checksum`
  const same = fields.map((field) => `"${table}".${field} IS excluded.${field}`)
  const made = {
    light: same.length === 0 ? insert : `${insert} WHERE ${same.join(' AND ')}`,
    full: [insert, ...fields.map((field) => `${field} = excluded.${field}`)].join(', '),
  }
  upsertsByModel.set(model, made)
  return made
}

const upsertsByModel = new WeakMap<ReadModelShape, ReturnType<typeof upserts>>()

/** Whether all of these models were where the change began; then all are where it ends. */
function moveCheckpoints(
  connection: ReadModelConnection,
  models: readonly BuiltModel[],
  { change, ledger }: { readonly change: ModelChange; readonly ledger: bigint },
): boolean {
  const { expected, checkpoint } = change
  const { revision, recordedAt, parked } = checkpoint
  const to = [revision, recordedAt, parked?.revision ?? null, parked?.reason ?? null]
  if (expected === undefined) {
    const begin = connection.prepareToCount(beginText)
    return models.every((model) => begin.run(...keyOf(model), ledger, ...to).changes === 1)
  }
  const move = connection.prepareToCount(moveText(models.length))
  return move.run(...to, ledger, expected, ...models.flatMap(keyOf)).changes === models.length
}

const beginText = 'INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'

/** One statement for all models: among many ledgers that is most of what an event costs beside its documents. */
function moveText(models: number): string {
  return `UPDATE checkpoints
    SET revision = ?, recorded_at = ?, parked_revision = ?, parked_reason = ?
    WHERE ledger = ? AND revision = ?
      AND (model, version, build) IN (VALUES ${Array.from({ length: models }, () => '(?, ?, ?)').join()})`
}
