import type { List, Row } from '#adapters/sqlite/read-models-connection.ts'
import { areFieldsOf } from '#adapters/sqlite/read-models-values.ts'
import { DocumentDamaged } from '#ports/damaged-document.ts'
import type { Checkpoint, Document, ReadModelShape, StoredDocument } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'
import { isJsonObject, type Json } from '#values/json.ts'

/**
 * The row of a collection as the port gives it, out of its id, revision and document.
 * @throws {DocumentDamaged} where the file has bytes that were never written.
 */
export function documentOf(row: List): StoredDocument {
  const stored = readDocumentOf(row)
  if (stored.document === undefined || row[0] === null) throw new DocumentDamaged(stored.id)
  return { ...stored, document: stored.document }
}

/**
 * The same where the columns of all fields come last: says whether they are what the document makes them. One that can't
 * be read has nothing in it.
 */
export function checkedDocumentOf(model: ReadModelShape, row: List): StoredDocument {
  const read = readDocumentOf(row)
  const { document = {} } = read
  const isFound =
    row[0] !== null && read.document !== undefined && areFieldsOf(model, document, row.slice(3))
  return isFound ? { ...read, document } : { ...read, document, misfiled: true }
}

/** The same where documents of all ledgers were asked for: the ledger's id comes last. */
export function documentOfLedger(row: List): StoredDocument {
  return { ...documentOf(row), ledgerId: ledgerIdIn(row) }
}

/** The last value of a row out of all ledgers. */
export function ledgerIdIn(row: List): LedgerId {
  const ledgerId = row.at(-1)
  if (typeof ledgerId !== 'string') throw new TypeError('a row of all ledgers has no ledger')
  return ledgerId
}

type Read = Omit<StoredDocument, 'document'> & { readonly document: Document | undefined }

/** Whoever has no id has an empty one; undefined stands for what is no JSON object. */
function readDocumentOf([id, revision, document]: List): Read {
  const name = id ?? ''
  if (typeof name !== 'string' || typeof revision !== 'bigint' || typeof document !== 'string')
    throw new TypeError('a row of a collection is no document')
  return { id: name, revision, document: parsed(document) }
}

function parsed(text: string): Document | undefined {
  try {
    const json: Json = JSON.parse(text)
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** A row of `checkpoints`, out of what `checkpointColumns` names. */
export function checkpointOf([revision, recordedAt, parkedAt, reason]: List): Checkpoint {
  if (typeof revision !== 'bigint' || typeof recordedAt !== 'string')
    throw new TypeError('a row of checkpoints is none')
  if (parkedAt === null) return { revision, recordedAt }
  if (typeof parkedAt !== 'bigint' || typeof reason !== 'string')
    throw new TypeError('a row of checkpoints does not say where its ledger is parked')
  return { revision, recordedAt, parked: { revision: parkedAt, reason } }
}

export const checkpointColumns = 'revision, recorded_at, parked_revision, parked_reason'

export function textOf(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new TypeError(`${column} of a row is not text`)
  return value
}

export function integerOf(row: Row, column: string): bigint {
  const value = row[column]
  if (typeof value !== 'bigint') throw new TypeError(`${column} of a row is no integer`)
  return value
}
