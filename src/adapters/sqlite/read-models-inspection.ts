import { tableOf } from '#adapters/sqlite/read-models-collection.ts'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { hasCollection } from '#adapters/sqlite/read-models-reading.ts'
import { textOf } from '#adapters/sqlite/read-models-rows.ts'
import { schemaFaults } from '#adapters/sqlite/read-models-schema.ts'
import type { BuiltModel, ReadModelShape } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** The ledgers of which there are rows: one search for each. A number that stands for no ledger comes as `#NUMBER`. */
export function readLedgers(connection: ReadModelConnection, model: BuiltModel): LedgerId[] {
  if (!hasCollection(connection, model, { byIdOnly: true })) return []
  const table = tableOf(model)
  const text = `WITH RECURSIVE found (ledger) AS (
      SELECT min(ledger) FROM "${table}"
      UNION ALL
      SELECT (SELECT min(ledger) FROM "${table}" WHERE ledger > found.ledger) FROM found
        WHERE ledger IS NOT NULL)
    SELECT coalesce(ledger_id, '#' || ledger) AS ledger_id FROM found
      LEFT JOIN ledger_numbers ON number = ledger WHERE ledger IS NOT NULL`
  return connection.all({ text, values: [] }).map((row) => textOf(row, 'ledger_id'))
}

const faultsMax = 20

/**
 * What SQLite finds wrong in the file's pages, tables and indexes, and what is there otherwise than these models declare;
 * reads all of the file, on the calling thread.
 */
export function readFaults(
  connection: ReadModelConnection,
  models: readonly ReadModelShape[],
): string[] {
  const rows = connection.all({ text: `PRAGMA integrity_check(${faultsMax})`, values: [] })
  const damage = rows.map((row) => textOf(row, 'integrity_check')).filter((line) => line !== 'ok')
  const schema = schemaFaults(connection, models).slice(0, faultsMax)
  // Where a table is missing or another, nobody can ask it.
  return [...damage, ...schema, ...(damage.length + schema.length > 0 ? [] : strays(connection))]
}

/** Checkpoints under a number that stands for no ledger: the next one that is opened may get it. */
function strays(connection: ReadModelConnection): readonly string[] {
  const text = `SELECT model, '#' || ledger AS stray FROM checkpoints
    WHERE ledger NOT IN (SELECT number FROM ledger_numbers) ORDER BY model, ledger LIMIT ${faultsMax}`
  return connection
    .all({ text, values: [] })
    .map(
      (row) =>
        `a checkpoint of ${textOf(row, 'model')} is of ${textOf(row, 'stray')}, which is no ledger`,
    )
}
