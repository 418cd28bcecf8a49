import type { SQLInputValue, StatementSync } from 'node:sqlite'
import {
  columnOf,
  columnTypes,
  idColumn,
  ledgerNumber,
  tableOf,
} from '#adapters/sqlite/read-models-collection.ts'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { builtModel, isWritable } from '#adapters/sqlite/read-models-builds.ts'
import { readCheckpoint } from '#adapters/sqlite/read-models-reading.ts'
import { integerOf } from '#adapters/sqlite/read-models-rows.ts'
import { bindable, fieldValues } from '#adapters/sqlite/read-models-values.ts'
import type { BuiltModel, ModelBuild, ModelChange, ReadModelShape } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** A change, and its documents as rows: all that can be made of them before anybody is kept from writing. */
export type ReadyChange = { readonly change: ModelChange; readonly rows: readonly Row[] }

/** What is bound for one document, in the order of the columns; the ledger's number comes in later. */
type Row = SQLInputValue[]

export function readyToStore(change: ModelChange): ReadyChange {
  const { model, documents } = change
  const rows = documents.map(({ id, revision, document }) => {
    const key = model.id === undefined ? [0, id] : [0]
    const fields = fieldValues(model, document)
    return [...key, bindable(revision), ...fields, JSON.stringify(document)]
  })
  return { change, rows }
}

/** Stores changes inside a transaction of the caller's; false where the checkpoint of one is elsewhere. */
export function storeChanges(
  connection: ReadModelConnection,
  ready: readonly ReadyChange[],
): boolean {
  const builds = new Map<ModelBuild, BuiltModel | undefined>()
  const ledgers = new Map<LedgerId, bigint>()
  return ready.every(({ change, rows }) => {
    const { ledgerId, expected } = change
    const model = seenOrLooked(builds, change.model, writableBuild(connection))
    if (model === undefined) return false
    if (readCheckpoint(connection, model, ledgerId)?.revision !== expected) return false
    const ledger = seenOrLooked(ledgers, ledgerId, (id) => numberFor(connection, id))
    storeRows(connection, model, { rows, ledger })
    storeCheckpoint(connection, { ...change, model }, ledger)
    return true
  })
}

type Change = ModelChange & { readonly model: BuiltModel }

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
    ON CONFLICT (ledger, ${idColumn(model)}) DO UPDATE SET revision = excluded.revision, document = excluded.document`
  const same = fields.map((field) => `"${table}".${field} IS excluded.${field}`)
  const made = {
    light: same.length === 0 ? insert : `${insert} WHERE ${same.join(' AND ')}`,
    full: [insert, ...fields.map((field) => `${field} = excluded.${field}`)].join(', '),
  }
  upsertsByModel.set(model, made)
  return made
}

const upsertsByModel = new WeakMap<ReadModelShape, ReturnType<typeof upserts>>()

function storeCheckpoint(
  connection: ReadModelConnection,
  { model, checkpoint }: Change,
  ledger: bigint,
): void {
  const { revision, recordedAt, parked } = checkpoint
  const key = [model.name, BigInt(model.version), BigInt(model.build), ledger] as const
  const stop = [parked?.revision ?? null, parked?.reason ?? null] as const
  connection
    .prepare('INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    .run(...key, revision, recordedAt, ...stop)
}
