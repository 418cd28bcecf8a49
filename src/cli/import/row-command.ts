import type { Row } from '#cli/import/row.ts'
import {
  type InputProblem,
  isClientKey,
  type ParsedItem,
  parseBatchItem,
  parseCommand,
} from '#commands/parse-command.ts'
import { isLedgerId, type LedgerId } from '#values/ids.ts'
import { isJsonObject, type Json, type JsonObject } from '#values/json.ts'

/** A row that can be executed, or what is wrong with it. */
export type RowCommand =
  | {
      readonly line: number
      readonly row: Json
      readonly ledgerId: LedgerId
      readonly key: string
      readonly item: ParsedItem
    }
  | MalformedRow

export type MalformedRow = {
  readonly line: number
  readonly row: Json
  /** The row's JSON where its numbers may have lost digits. */
  readonly text?: string
  readonly malformed: readonly InputProblem[]
}

/** What rows fall back on. */
export type RowDefaults = {
  readonly ledgerId: LedgerId | undefined
  readonly keyOf: (line: number) => string
}

/** Checks a row as the API checks a batch's item, and gives it its key. */
export function rowCommand(row: Row, defaults: RowDefaults): RowCommand {
  const { line } = row
  if ('malformed' in row) return { line, row: row.asRead, malformed: [problem('', row.malformed)] }
  const checked = checkedRow(row.item, defaults.ledgerId)
  if ('malformed' in checked) {
    const { item, text } = row
    return { line, row: item, malformed: checked.malformed, ...(text !== undefined && { text }) }
  }
  const key = checked.item.key ?? defaults.keyOf(line)
  return { line, row: row.item, ledgerId: checked.ledgerId, key, item: checked.item }
}

type CheckedRow =
  | { readonly ledgerId: LedgerId; readonly item: ParsedItem }
  | { readonly malformed: readonly InputProblem[] }

function checkedRow(row: Json, ledgerOfAll: LedgerId | undefined): CheckedRow {
  if (!isJsonObject(row)) return { malformed: [problem('', 'a row is an object')] }
  const { ledgerId = ledgerOfAll, ...members } = row
  if (!isLedgerId(ledgerId)) return { malformed: [problem('/ledgerId', ledgerRule(ledgerId))] }
  const item =
    members['command'] === 'OpenLedger'
      ? parseOpening({ ...members, ledgerId })
      : parseBatchItem(members)
  return 'malformed' in item ? item : { ledgerId, item }
}

/** Opening a ledger is no item of a batch, but a row of an import. */
function parseOpening({ command: _command, idempotencyKey: key, ...members }: JsonObject) {
  if (key !== undefined && !isClientKey(key))
    return { malformed: [problem('/idempotencyKey', 'is no key that a client may use')] }
  const item = parseCommand('OpenLedger', members)
  return 'malformed' in item || key === undefined ? item : { ...item, key }
}

function ledgerRule(ledgerId: Json | undefined): string {
  return ledgerId === undefined
    ? 'names the ledger, or --ledger does'
    : 'a ledgerId matches ^[a-z0-9][a-z0-9-]{0,62}$'
}

function problem(pointer: string, detail: string): InputProblem {
  return { pointer, code: 'validation-failed', detail }
}
