import { crc32 } from 'node:zlib'
import type { List, Row } from '#adapters/sqlite/read-models-connection.ts'
import { damaged } from '#adapters/sqlite/read-models-errors.ts'
import { areFieldsOf } from '#adapters/sqlite/read-models-values.ts'
import { DocumentDamaged } from '#ports/damaged-document.ts'
import type { Checkpoint, Document, ReadModelShape, StoredDocument } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'
import { isJsonObject, type Json } from '#values/json.ts'

/**
 * Of a document, its ledger, its id and its revision: SQLite has no checksums of its pages, and a digit that flips makes
 * another number of the right form. The columns of its fields, by which it is found, are not in it.
 */
export function checksumOf(
  { ledgerId, id, revision }: Pick<StoredDocument, 'id' | 'revision'> & Pick<Place, 'ledgerId'>,
  text: string,
): number {
  return crc32(text, crc32(`${ledgerId} ${revision} ${id} `))
}

type Place = { readonly model: ReadModelShape; readonly ledgerId: LedgerId }

/**
 * The row of a collection as the port gives it, out of its id, revision, document and checksum.
 * @throws {DocumentDamaged} where the file has bytes that were never written.
 */
export function documentOf({ model, ledgerId }: Place, row: List): StoredDocument {
  const { isWhole, document, ...stored } = readDocumentOf(ledgerId, row)
  if (!isWhole || document === undefined)
    throw new DocumentDamaged({ model, ledgerId, id: stored.id })
  return { ...stored, document }
}

/**
 * The same where the columns of all fields come last: says whether they are what the document makes them. One that can't
 * be read has nothing in it.
 */
export function checkedDocumentOf({ model, ledgerId }: Place, row: List): StoredDocument {
  const { isWhole, document = {}, ...stored } = readDocumentOf(ledgerId, row)
  const isFound = isWhole && areFieldsOf(model, document, row.slice(documentColumns))
  return isFound ? { ...stored, document } : { ...stored, document, misfiled: true }
}

/**
 * The same where documents of all ledgers were asked for: the ledger's id comes last. One that can't be read does not keep the
 * others from being found, and shows the columns of all fields.
 */
export function documentOfLedger(model: ReadModelShape, row: List): StoredDocument {
  const ledgerId = ledgerIdIn(row)
  const { isWhole, document, ...stored } = readDocumentOf(ledgerId, row)
  if (isWhole && document !== undefined) return { ...stored, document, ledgerId }
  const found = Object.keys(model.fields).flatMap((field, index) => {
    const value = row[documentColumns + index]
    return typeof value === 'string' || typeof value === 'bigint' ? [[field, value.toString()]] : []
  })
  return { ...stored, document: Object.fromEntries(found), ledgerId, damaged: true }
}

/** The last value of a row out of all ledgers. */
export function ledgerIdIn(row: List): LedgerId {
  const ledgerId = row.at(-1)
  if (typeof ledgerId !== 'string') throw damaged('a row of all ledgers has no ledger')
  return ledgerId
}

type Read = Omit<StoredDocument, 'document'> & {
  /** Undefined for what is no JSON object. */
  readonly document: Document | undefined
  readonly isWhole: boolean
}

/** Id, revision, document and checksum. */
const documentColumns = 4

/** Whoever has no id has an empty one. A bit that flips before a row's values makes them of other types. */
function readDocumentOf(ledgerId: LedgerId, [name, number, stored, checksum]: List): Read {
  const id = typeof name === 'string' ? name : ''
  const revision = typeof number === 'bigint' ? number : -1n
  const text = typeof stored === 'string' ? stored : ''
  const isWhole =
    typeof name === 'string' && checksum === BigInt(checksumOf({ ledgerId, id, revision }, text))
  return { id, revision, document: parsed(text), isWhole }
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
    throw damaged('a row of checkpoints is none')
  if (parkedAt === null) return { revision, recordedAt }
  if (typeof parkedAt !== 'bigint' || typeof reason !== 'string')
    throw damaged('a row of checkpoints does not say where its ledger is parked')
  return { revision, recordedAt, parked: { revision: parkedAt, reason } }
}

export const checkpointColumns = 'revision, recorded_at, parked_revision, parked_reason'

export function textOf(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw damaged(`${column} of a row is not text`)
  return value
}

export function integerOf(row: Row, column: string): bigint {
  const value = row[column]
  if (typeof value !== 'bigint') throw damaged(`${column} of a row is no integer`)
  return value
}
