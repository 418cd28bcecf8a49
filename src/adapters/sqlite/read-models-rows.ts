import type { List, Row } from '#adapters/sqlite/read-models-connection.ts'
import { damaged } from '#adapters/sqlite/read-models-errors.ts'
import type { Checkpoint, Document, StoredDocument } from '#ports/read-models.ts'

/**
 * The row of a collection as the port gives it, out of its id, revision and document.
 * @throws {ReadModelsUnavailable} where the file has bytes that were never written.
 */
export function documentOf([id, revision, document]: List): StoredDocument {
  if (typeof id !== 'string' || typeof revision !== 'bigint' || typeof document !== 'string')
    throw new TypeError('a row of a collection is no document')
  return { id, revision, document: parsed(document) }
}

/** The same where documents of all ledgers were asked for: the ledger's id comes last. */
export function documentOfLedger(row: List): StoredDocument {
  const ledgerId = row.at(-1)
  if (typeof ledgerId !== 'string') throw new TypeError('a row of all ledgers has no ledger')
  return { ...documentOf(row), ledgerId }
}

function parsed(json: string): Document {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw damaged(error)
  }
}

/** A row of `checkpoints`. */
export function checkpointOf(row: Row): Checkpoint {
  const revision = integerOf(row, 'revision')
  const recordedAt = textOf(row, 'recorded_at')
  if (row['parked_revision'] === null) return { revision, recordedAt }
  const parked = {
    revision: integerOf(row, 'parked_revision'),
    reason: textOf(row, 'parked_reason'),
  }
  return { revision, recordedAt, parked }
}

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
