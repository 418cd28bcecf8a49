import type { Row } from '#adapters/sqlite/read-models-connection.ts'
import { damaged } from '#adapters/sqlite/read-models-errors.ts'
import type { Checkpoint, Document, StoredDocument } from '#ports/read-models.ts'

/**
 * The row of a collection as the port gives it; with `ledger_id` where documents of all ledgers were asked for.
 * @throws {ReadModelsUnavailable} where the file has bytes that were never written.
 */
export function documentOf(row: Row): StoredDocument {
  const document = parsed(textOf(row, 'document'))
  const found = { id: textOf(row, 'id'), revision: integerOf(row, 'revision'), document }
  return 'ledger_id' in row ? { ...found, ledgerId: textOf(row, 'ledger_id') } : found
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
