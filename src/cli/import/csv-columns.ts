import { nearest } from '#cli/nearest.ts'
import { ToolFailed } from '#cli/subcommand.ts'
import type { JsonObject } from '#values/json.ts'

/** The columns that a CSV file may have, in any order, and what they mean; `metadata.KEY` besides. */
export const csvColumns = {
  command: 'OpenLedger, RegisterAsset, OpenAccount, PostTransaction (the default) or PlaceHold',
  ledgerId: 'which ledger; where it is empty, the one of --ledger',
  idempotencyKey: 'the key of the command; where it is empty, import:{sha256 of the file}:{line}',
  transaction:
    'consecutive rows that say the same here are postings of one transaction or hold; the later ones may leave empty what is not of their posting',
  debit: 'account to debit',
  credit: 'account to credit',
  asset: 'asset of the posting, or to register',
  amount: "amount in the asset's smallest unit: 1250 for EUR/2 12.50",
  decimalAmount: 'the same in whole units: 12.50; exact, or the row is malformed',
  effectiveAt: 'when it happened in business: RFC 3339, or a day (its first moment in UTC)',
  expiresAt: 'when a hold expires',
  externalReference: "the other system's name for it; joins rows too where transaction is empty",
  description: 'what it is for',
  accountId: 'account to open',
  type: 'its type: asset, liability, equity, income or expense',
  min: 'its least available balance; none for no limit',
  max: 'its greatest balance; none for no limit',
  name: 'name of the ledger or the asset',
  assets: "a new ledger's assets, separated by spaces",
} as const

export type CsvColumn = keyof typeof csvColumns

/** A row's cells that are not empty. */
export type CsvCells = {
  readonly line: number
  readonly cells: ReadonlyMap<CsvColumn, string>
  readonly metadata: Readonly<Record<string, string>>
}

/** Turns a record's fields into cells. */
export type CsvHeader = (line: number, fields: readonly string[]) => CsvCells | string

const metadataPrefix = 'metadata.'

/**
 * Reads the header line. What it makes of a record is a sentence where that does not fit.
 * @throws {ToolFailed} for columns that are not known, or there twice.
 */
export function csvHeader(names: readonly string[]): CsvHeader {
  for (const [index, name] of names.entries()) {
    if (!isColumn(name) && !isMetadata(name)) throw new ToolFailed(unknownColumn(name))
    if (names.indexOf(name) !== index) throw new ToolFailed(`the column ${name} is there twice.`)
  }
  return (line, fields) => {
    if (fields.length !== names.length)
      return `the row has ${fields.length} fields, the header ${names.length}`
    const cells = new Map<CsvColumn, string>()
    const metadata: [string, string][] = []
    for (const [index, name] of names.entries()) {
      const cell = fields[index] ?? ''
      if (cell === '') continue
      if (isColumn(name)) cells.set(name, cell)
      else metadata.push([name.slice(metadataPrefix.length), cell])
    }
    return { line, cells, metadata: Object.fromEntries(metadata) }
  }
}

/** The same cells by the names of their columns. */
export function shownCells({ cells, metadata }: CsvCells): JsonObject {
  const named = Object.entries(metadata).map(([key, cell]) => [`${metadataPrefix}${key}`, cell])
  return Object.fromEntries([...cells, ...named])
}

function isColumn(name: string): name is CsvColumn {
  return Object.hasOwn(csvColumns, name)
}

function isMetadata(name: string): boolean {
  return name.startsWith(metadataPrefix) && name.length > metadataPrefix.length
}

function unknownColumn(name: string): string {
  const meant = nearest(name, Object.keys(csvColumns))
  const hint = meant === undefined ? '.' : `: is ${meant} meant?`
  return `the header has a column ${JSON.stringify(name)} that is not known${hint}`
}
