import type { List, Row } from '#adapters/sqlite/read-models-connection.ts'
import { damaged } from '#adapters/sqlite/read-models-errors.ts'
import { areFieldsOf } from '#adapters/sqlite/read-models-values.ts'
import type { Checkpoint, Document, ReadModelShape, StoredDocument } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/**
 * The row of a collection as the port gives it, out of its id, revision and document.
 * @throws {ReadModelsUnavailable} where the file has bytes that were never written.
 */
export function documentOf([id, revision, document]: List): StoredDocument {
  if (typeof id !== 'string' || typeof revision !== 'bigint' || typeof document !== 'string')
    throw new TypeError('a row of a collection is no document')
  return { id, revision, document: parsed(document) }
}

/** The same where the columns of all fields come last: says whether they are what the document makes them. */
export function checkedDocumentOf(
  model: ReadModelShape,
  [id, revision, document, ...fields]: List,
): StoredDocument {
  const stored = documentOf([id ?? '', revision, document])
  const isFound = id !== null && areFieldsOf(model, stored.document, fields)
  return isFound ? stored : { ...stored, misfiled: true }
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

function parsed(json: string): Document {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw damaged(error)
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
