import { type CsvCells, type CsvHeader, csvHeader } from '#cli/import/csv-columns.ts'
import { csvItem } from '#cli/import/csv-commands.ts'
import { type CsvRecord, csvRecords } from '#cli/import/csv-records.ts'
import type { Row } from '#cli/import/row.ts'
import { ToolFailed } from '#cli/subcommand.ts'

/** One more than a transaction may have, so that a longer one is refused as it would be elsewhere. */
const groupRowsMax = 501

/**
 * Comma-separated rows under a header (`csv-columns.ts`); consecutive rows of one transaction make one row here.
 * @throws {ToolFailed} for a header that is not understood.
 */
export async function* csvRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<Row> {
  let header: CsvHeader | undefined
  let group: CsvCells[] = []
  for await (const record of csvRecords(chunks)) {
    if (header === undefined) {
      header = headerIn(record)
      continue
    }
    const cells = record.malformed ?? header(record.line, record.fields)
    if (typeof cells === 'string' || !belongs(group, cells)) {
      if (group.length > 0) yield rowOf(group)
      group = []
    }
    if (typeof cells === 'string') yield { line: record.line, malformed: cells }
    else if (group.length < groupRowsMax) group.push(cells)
  }
  if (group.length > 0) yield rowOf(group)
}

function headerIn({ line, fields, malformed }: CsvRecord): CsvHeader {
  if (malformed !== undefined) throw new ToolFailed(`line ${line}: ${malformed}.`)
  return csvHeader(fields)
}

function rowOf(group: readonly CsvCells[]): Row {
  const line = group[0]?.line ?? 0
  const item = csvItem(group)
  return typeof item === 'string' ? { line, malformed: item } : { line, item }
}

/** Whether a row goes on with the transaction or hold that the rows before it began. */
function belongs([first]: readonly CsvCells[], next: CsvCells): boolean {
  if (first === undefined) return false
  const label = labelOf(first)
  const repeats = (column: 'command' | 'ledgerId') =>
    !next.cells.has(column) || next.cells.get(column) === first.cells.get(column)
  return label !== undefined && label === labelOf(next) && repeats('command') && repeats('ledgerId')
}

function labelOf({ cells }: CsvCells): string | undefined {
  const transaction = cells.get('transaction')
  if (transaction !== undefined) return `transaction ${transaction}`
  const reference = cells.get('externalReference')
  return reference === undefined ? undefined : `reference ${reference}`
}
