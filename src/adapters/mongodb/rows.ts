import { nameOf, storedName } from '#adapters/mongodb/member-names.ts'
import { areFieldsOf, int64, type Value } from '#adapters/mongodb/values.ts'
import { DocumentDamaged } from '#ports/damaged-document.ts'
import type { Checkpoint, Document, ReadModelShape, StoredDocument } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'
import { isJsonObject, type Json, type JsonObject } from '#values/json.ts'

/** What a document of a read model was or is: its content and the fields it is found by. */
export type Content = {
  readonly revision: bigint
  readonly fields: Readonly<Record<string, Value>>
  readonly document: StoredObject
}

/**
 * A document of a read model in its collection. `before` is its content for checkpoints from `before.revision` to
 * `asOf`; null where it was not there up to `asOf`. Both are absent in models whose documents are written once.
 */
export type Row = Content & {
  readonly _id: string
  readonly ledgerId: LedgerId
  readonly id: string
  readonly before?: Content | null
  readonly asOf?: bigint
}

/** A document of `checkpoints`. */
export type CheckpointRow = {
  readonly _id: string
  readonly ledgerId: LedgerId
  readonly model: string
  readonly version: number
  /** Absent: the first. */
  readonly build?: number
  readonly revision: bigint
  readonly recordedAt: string
  readonly parked?: { readonly revision: bigint; readonly reason: string }
}

/** JSON with the names of its members as MongoDB takes them. */
export type StoredObject = JsonObject

/** The `_id` of one of a ledger's documents. */
export function documentKey(ledgerId: LedgerId, id: string): string {
  return `${ledgerId}/${id}`
}

/** A document as the port gives it. @throws {DocumentDamaged} where somebody else took it out of its row. */
export function documentOf(
  model: ReadModelShape,
  { ledgerId, id }: Pick<Row, 'ledgerId' | 'id'>,
  { revision, document }: Content,
): StoredDocument {
  if (!isJsonObject(document)) throw new DocumentDamaged({ model, ledgerId, id })
  return { id, revision, document: parsedObject(document) }
}

/**
 * The same where a find is in the order of ids: by the id that gives it its place there, which it shares with any copy. Says
 * whether it is found by the fields that it has, and read by the id under which it is found. One that can't be read has
 * nothing in it.
 */
export function checkedDocumentOf(
  model: ReadModelShape,
  row: Row,
  content: Content,
): StoredDocument {
  const { _id: key, ledgerId, id } = row
  const isRead = isJsonObject(content.document)
  const readable = isRead ? content : { ...content, document: {} }
  const stored = documentOf(model, { ledgerId, id: placeOf(model, row, content) }, readable)
  const isFound =
    isRead &&
    stored.id === id &&
    key === documentKey(ledgerId, id) &&
    areFieldsOf(model, stored.document, content.fields)
  return isFound ? stored : { ...stored, misfiled: true }
}

function placeOf(model: ReadModelShape, { _id: key }: Row, { fields }: Content): string {
  return model.id === undefined ? key.slice(key.indexOf('/') + 1) : String(fields[model.id] ?? '')
}

/**
 * The same where documents of all ledgers were asked for. One that can't be read does not keep the others from being found,
 * and shows the fields that it is found by.
 */
export function documentOfLedger(model: ReadModelShape, row: Row): StoredDocument {
  const { ledgerId, id, revision, document } = row
  if (isJsonObject(document)) return { ...documentOf(model, row, row), ledgerId }
  const found = Object.entries(rowWithFields(row).fields).flatMap(([field, value]) =>
    value === null ? [] : [[field, value.toString()]],
  )
  return { id, revision, document: Object.fromEntries(found), ledgerId, damaged: true }
}

/** The row as its type has it where somebody else took its fields away: then it has none. */
export function rowWithFields(row: Row): Row {
  const { before } = row
  return withFields(before ? { ...row, before: withFields(before) } : row)
}

function withFields<Kept extends Content>(content: Kept): Kept {
  const { fields }: { readonly fields: unknown } = content
  const isThere = typeof fields === 'object' && fields !== null
  return isThere ? content : { ...content, fields: {} }
}

export function checkpointOf({ revision, recordedAt, parked }: CheckpointRow): Checkpoint {
  return parked === undefined ? { revision, recordedAt } : { revision, recordedAt, parked }
}

export function checkpointFields({ revision, recordedAt, parked }: Checkpoint): Checkpoint {
  const moved = { revision: int64('a checkpoint', revision), recordedAt }
  if (parked === undefined) return moved
  const stop = { revision: int64('a checkpoint', parked.revision), reason: parked.reason }
  return { ...moved, parked: stop }
}

/** What JSON keeps of a document, as MongoDB takes it. @throws {TypeError} for what JSON has not. */
export function storedObject(document: Document): StoredObject {
  const members = Object.entries(document).flatMap(([name, value]) =>
    value === undefined ? [] : [[storedName(name), storedValue(value)] as const],
  )
  return Object.fromEntries(members)
}

function storedValue(value: Json): Json {
  if (Array.isArray(value)) return value.map(storedValue)
  if (isJsonObject(value)) return storedObject(value)
  // It would come back as another.
  if (typeof value === 'bigint') throw new TypeError('JSON has no bigints')
  return value
}

function parsedObject(stored: StoredObject): Document {
  const members = Object.entries(stored).map(
    ([name, value]) => [nameOf(name), parsedValue(value ?? null)] as const,
  )
  return Object.fromEntries(members)
}

function parsedValue(value: Json): Json {
  if (Array.isArray(value)) return value.map(parsedValue)
  return isJsonObject(value) ? parsedObject(value) : value
}
