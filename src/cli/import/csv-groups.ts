import { type CsvCells, shownCells } from '#cli/import/csv-columns.ts'
import { csvItem } from '#cli/import/csv-commands.ts'
import type { CsvRecord } from '#cli/import/csv-records.ts'
import type { Row } from '#cli/import/row.ts'
import type { LedgerId } from '#values/ids.ts'

/** One more than a transaction may have, so that a longer one is refused as it would be elsewhere. */
const groupRowsMax = 501

/** A row that can't be read, with every text in it that might be the label of a transaction. */
type BrokenRow = { readonly line: number; readonly texts: ReadonlySet<string> }

/** Makes one row of consecutive rows of one transaction or hold; a malformed one where any of them can't be read. */
export class CsvGroups {
  readonly #ledgerOfAll: LedgerId | undefined
  #group: CsvCells[] = []
  /** What of the group can't be read. */
  #fault: BrokenRow | undefined
  /** The newest rows since the last one that could be read: each may be of the transaction after it, too. */
  #broken: BrokenRow[] = []

  constructor(ledgerOfAll: LedgerId | undefined) {
    this.#ledgerOfAll = ledgerOfAll
  }

  /** The row that ends where this one begins another. */
  add(cells: CsvCells): readonly Row[] {
    const goesOn = belongs(this.#group, cells, this.#ledgerOfAll)
    const ended = goesOn ? [] : this.end()
    this.#fault ??= goesOn ? this.#broken[0] : partOf([cells], this.#broken)
    this.#broken = []
    if (this.#group.length < groupRowsMax) this.#group.push(cells)
    return ended
  }

  /** A quote that is never closed swallows the cells behind it. */
  addBroken({ line, fields }: CsvRecord): void {
    const texts = new Set(fields.flatMap((field) => field.split(/[,\r\n]+/)))
    const row = { line, texts }
    this.#fault ??= partOf(this.#group, [row])
    this.#broken.push(row)
    if (this.#broken.length > groupRowsMax) this.#broken.shift()
  }

  /** The last row. */
  end(): readonly Row[] {
    if (this.#group.length === 0) return []
    const row = rowOf(this.#group, this.#fault)
    this.#group = []
    this.#fault = undefined
    return [row]
  }
}

function rowOf(group: readonly CsvCells[], fault: BrokenRow | undefined): Row {
  const line = group[0]?.line ?? 0
  const item =
    fault === undefined
      ? csvItem(group)
      : `line ${fault.line} belongs to the same transaction and is malformed`
  if (typeof item !== 'string') return { line, item }
  const shown = group.map(shownCells)
  const asRead = (shown.length === 1 ? shown[0] : undefined) ?? shown
  return { line, malformed: item, asRead }
}

/** Whether a row goes on with the transaction or hold that the rows before it began. */
function belongs(
  [first]: readonly CsvCells[],
  next: CsvCells,
  ledgerOfAll: LedgerId | undefined,
): boolean {
  if (first === undefined) return false
  const label = labelOf(first)
  const ledgerId = first.cells.get('ledgerId') ?? ledgerOfAll
  const isOfLedger = (next.cells.get('ledgerId') ?? ledgerId) === ledgerId
  return label !== undefined && label === labelOf(next) && isOfLedger
}

function labelOf({ cells }: CsvCells): string | undefined {
  const transaction = cells.get('transaction')
  if (transaction !== undefined) return `transaction ${transaction}`
  const reference = cells.get('externalReference')
  return reference === undefined ? undefined : `reference ${reference}`
}

/** The first row that has the label of this transaction somewhere in it. */
function partOf([first]: readonly CsvCells[], broken: readonly BrokenRow[]): BrokenRow | undefined {
  const label = first?.cells.get('transaction') ?? first?.cells.get('externalReference')
  return label === undefined ? undefined : broken.find(({ texts }) => texts.has(label))
}
