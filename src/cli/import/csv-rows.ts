import { type CsvHeader, csvHeader } from '#cli/import/csv-columns.ts'
import { CsvGroups } from '#cli/import/csv-groups.ts'
import { type CsvRecord, csvRecords } from '#cli/import/csv-records.ts'
import type { Row } from '#cli/import/row.ts'
import { ToolFailed } from '#cli/subcommand.ts'
import type { LedgerId } from '#values/ids.ts'

/**
 * Comma-separated rows under a header (`csv-columns.ts`); consecutive rows of one transaction make one row here. Rows
 * that name no ledger are of `ledgerOfAll`.
 * @throws {ToolFailed} for a header that is not understood.
 */
export async function* csvRows(
  chunks: AsyncIterable<Buffer>,
  ledgerOfAll?: LedgerId,
): AsyncGenerator<Row> {
  let header: CsvHeader | undefined
  const groups = new CsvGroups(ledgerOfAll)
  for await (const record of csvRecords(chunks)) {
    if (header === undefined) {
      header = headerIn(record)
      continue
    }
    const cells = record.malformed ?? header(record.line, record.fields)
    if (typeof cells !== 'string') yield* groups.add(cells)
    else {
      groups.addBroken(record)
      yield { line: record.line, malformed: cells, asRead: record.fields }
    }
  }
  yield* groups.end()
}

function headerIn({ line, fields, malformed }: CsvRecord): CsvHeader {
  if (malformed !== undefined) throw new ToolFailed(`line ${line}: ${malformed}.`)
  return csvHeader(fields)
}
