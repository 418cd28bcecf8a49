import { findStatement } from '#adapters/sqlite/read-models-find.ts'
import { openToRead } from '#adapters/sqlite/read-models-file.ts'
import { textOf } from '#adapters/sqlite/read-models-rows.ts'
import type { Find, ReadModelShape } from '#ports/read-models.ts'

/**
 * The steps of SQLite's plan for a find in one ledger, or across all: for tests that want to see every list served by an
 * index. The collection has to be there. @throws when no index serves the find.
 */
export function explainFind(
  path: string,
  { model, find, across = false }: { model: ReadModelShape; find: Find; across?: boolean },
): readonly string[] {
  const statement = findStatement(model, find, across ? undefined : 'any-ledger')
  const connection = openToRead(path, 1_024)?.connection
  if (statement === undefined || connection === undefined) return []
  try {
    const { text, values } = statement
    const rows = connection.all({ text: `EXPLAIN QUERY PLAN ${text}`, values })
    return rows.map((row) => textOf(row, 'detail'))
  } finally {
    connection.close()
  }
}
