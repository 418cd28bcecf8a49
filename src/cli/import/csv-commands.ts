import type { CsvCells, CsvColumn } from '#cli/import/csv-columns.ts'
import { isRefusedName, type JsonObject } from '#values/json.ts'

/** Rows that belong together as one item of a batch plus `ledgerId`, or one sentence on what is wrong with them. */
export function csvItem(rows: readonly CsvCells[]): JsonObject | string {
  const [first] = rows
  if (first === undefined) return 'there is no row'
  const command = first.cells.get('command') ?? 'PostTransaction'
  const shape = Object.hasOwn(shapes, command) ? shapes[command] : undefined
  if (shape === undefined) return `a CSV row can't say ${command}: use NDJSON`
  const fault = faultIn(rows, [...everywhere, ...shape.columns], command)
  if (fault !== undefined) return fault
  const body = shape.body(rows, first)
  if (typeof body === 'string') return body
  const hasMetadata = Object.keys(first.metadata).length > 0
  return {
    command,
    ...picked(first, ['ledgerId', 'idempotencyKey']),
    ...body,
    ...(hasMetadata && { metadata: first.metadata }),
  }
}

type Shape = {
  readonly columns: readonly CsvColumn[]
  readonly body: (rows: readonly CsvCells[], first: CsvCells) => JsonObject | string
}

const everywhere = ['command', 'ledgerId', 'idempotencyKey'] as const
const perPosting: readonly CsvColumn[] = ['debit', 'credit', 'asset', 'amount', 'decimalAmount']
/** What is looked at elsewhere, or said anew in each row. */
const mayDiffer: readonly CsvColumn[] = ['command', 'ledgerId', ...perPosting]
const particulars = ['transaction', 'externalReference', 'description'] as const

const shapes: Readonly<Record<string, Shape>> = {
  OpenLedger: {
    columns: ['name', 'assets'],
    body: (_rows, first) => ({ ...picked(first, ['name']), assets: assetsOf(first) }),
  },
  RegisterAsset: {
    columns: ['asset', 'name'],
    body: (_rows, first) => picked(first, ['asset', 'name']),
  },
  OpenAccount: {
    columns: ['accountId', 'type', 'min', 'max'],
    body: (_rows, first) => ({ ...picked(first, ['accountId', 'type']), ...limitsOf(first) }),
  },
  PostTransaction: {
    columns: [...perPosting, ...particulars, 'effectiveAt'],
    body: (rows, first) => withPostings(rows, first, 'effectiveAt'),
  },
  PlaceHold: {
    columns: [...perPosting, ...particulars, 'expiresAt'],
    body: (rows, first) => withPostings(rows, first, 'expiresAt'),
  },
}

function faultIn(
  rows: readonly CsvCells[],
  known: readonly CsvColumn[],
  command: string,
): string | undefined {
  const [first] = rows
  for (const row of rows) {
    const fault = strangeIn(row, known, command) ?? (first && differenceIn(row, first))
    if (fault !== undefined) return fault
  }
  return undefined
}

/** What no row of this command can say. */
function strangeIn(
  { line, cells, metadata }: CsvCells,
  known: readonly CsvColumn[],
  command: string,
): string | undefined {
  if ((cells.get('command') ?? command) !== command) return differs('command', line)
  for (const column of cells.keys())
    if (!known.includes(column)) return `the column ${column} means nothing to ${command}`
  for (const key of Object.keys(metadata))
    if (isRefusedName(key)) return `metadata.${key} in line ${line} has a name that is refused`
  return undefined
}

/** What is said beyond the posting in a later row is said as in the first, or not at all. */
function differenceIn({ line, cells, metadata }: CsvCells, first: CsvCells): string | undefined {
  for (const [column, cell] of cells)
    if (!mayDiffer.includes(column) && cell !== first.cells.get(column))
      return differs(column, line)
  for (const [key, value] of Object.entries(metadata))
    if (value !== first.metadata[key]) return differs(`metadata.${key}`, line)
  return undefined
}

function differs(column: string, line: number): string {
  return `${column} in line ${line} differs from the first row of the same transaction`
}

function withPostings(
  rows: readonly CsvCells[],
  first: CsvCells,
  time: 'effectiveAt' | 'expiresAt',
): JsonObject | string {
  const postings: JsonObject[] = []
  for (const row of rows) {
    const amount = amountOf(row)
    if ('fault' in amount)
      return row === first ? amount.fault : `${amount.fault} in line ${row.line}`
    postings.push({ ...picked(row, ['debit', 'credit', 'asset']), ...amount })
  }
  const at = first.cells.get(time)
  return {
    postings,
    ...(at !== undefined && { [time]: /^\d{4}-\d{2}-\d{2}$/.test(at) ? `${at}T00:00:00Z` : at }),
    ...picked(first, ['externalReference', 'description']),
  }
}

function amountOf({ cells }: CsvCells): { amount?: string } | { fault: string } {
  const amount = cells.get('amount')
  const decimal = cells.get('decimalAmount')
  if (decimal === undefined) return amount === undefined ? {} : { amount }
  if (amount !== undefined) return { fault: 'amount and decimalAmount are both given' }
  const asset = cells.get('asset')
  if (asset === undefined) return { fault: `decimalAmount ${decimal} is given without an asset` }
  const scale = /\/(\d{1,2})$/.exec(asset)?.[1]
  const exact = scale === undefined ? undefined : smallestUnits(decimal, Number(scale))
  return exact === undefined
    ? { fault: `decimalAmount ${decimal} is no exact amount of ${asset}` }
    : { amount: exact }
}

/** `12.5` at scale 2 is `1250`. Undefined for what is no plain decimal, or finer than the scale. */
function smallestUnits(decimal: string, scale: number): string | undefined {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(decimal)
  const fraction = match?.[2] ?? ''
  if (match === null || fraction.replace(/0+$/, '').length > scale) return undefined
  const units = `${match[1]}${fraction.slice(0, scale).padEnd(scale, '0')}`
  return units.replace(/^0+(?=\d)/, '')
}

function assetsOf({ cells }: CsvCells): JsonObject[] {
  const names = (cells.get('assets') ?? '').split(' ').filter((name) => name !== '')
  return names.map((asset) => ({ asset }))
}

function limitsOf({ cells }: CsvCells): JsonObject {
  const [min, max] = [cells.get('min'), cells.get('max')]
  if (min === undefined && max === undefined) return {}
  return {
    limits: {
      ...(min !== undefined && { min: limitIn(min) }),
      ...(max !== undefined && { max: limitIn(max) }),
    },
  }
}

function limitIn(cell: string): string | null {
  return cell === 'none' ? null : cell
}

function picked({ cells }: CsvCells, columns: readonly CsvColumn[]): JsonObject {
  return Object.fromEntries(
    columns.flatMap((column) => {
      const cell = cells.get(column)
      return cell === undefined ? [] : [[column, cell]]
    }),
  )
}
