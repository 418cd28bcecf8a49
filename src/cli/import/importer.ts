import { setTimeout as sleep } from 'node:timers/promises'
import type { Row } from '#cli/import/row.ts'
import {
  type MalformedRow,
  type RowCommand,
  type RowDefaults,
  rowCommand,
} from '#cli/import/row-command.ts'
import { ToolFailed } from '#cli/subcommand.ts'
import type {
  Circumstances,
  CommandBus,
  Outcome,
  RefusedOutcome,
} from '#commands/handler/outcome.ts'
import { appendBytesMax } from '#ports/event-store.ts'

/** What became of the rows so far; a refusal that is only repeated counts as refused. */
export type ImportCounts = {
  accepted: number
  replayed: number
  refused: number
  malformed: number
}

/** Told of every row that did not get in, in the order of the lines within a chunk. */
export type Report = (
  rejected: MalformedRow | (ExecutableRow & { readonly refusal: RefusedOutcome }),
) => void

export type ImportParts = {
  readonly bus: CommandBus
  readonly defaults: RowDefaults
  readonly circumstances: Circumstances
  readonly rowsMax: number
  readonly report: Report
  readonly counts: ImportCounts
}

type ExecutableRow = Exclude<RowCommand, MalformedRow>

// Below what one append takes: a chunk is stored whole or not at all, so that no row is decided without those before it.
const chunkBytesMax = appendBytesMax - 64 * 1024
const attemptsMax = 12
const pauseMsMax = 3_000

/** Refusals that say nothing of the row: the same again may succeed. */
const passing: ReadonlySet<string> = new Set([
  'overloaded',
  'unavailable',
  'idempotency-in-flight',
  'outcome-unknown',
])

/**
 * Executes rows in their order, in chunks; the next chunk is read while one is being stored.
 * @throws {ToolFailed} when the write side does not take them; the same import can be run again.
 */
export async function importRows(rows: AsyncIterable<Row>, parts: ImportParts): Promise<void> {
  let storing: Promise<void> = Promise.resolve()
  for await (const chunk of chunksOf(rows, parts)) {
    await storing
    storing = store(chunk, parts)
    storing.catch(() => {})
  }
  await storing
}

async function* chunksOf(
  rows: AsyncIterable<Row>,
  { defaults, rowsMax, counts, report }: ImportParts,
): AsyncGenerator<readonly ExecutableRow[]> {
  let chunk: ExecutableRow[] = []
  let bytes = 0
  for await (const row of rows) {
    const command = rowCommand(row, defaults)
    if ('malformed' in command) {
      counts.malformed += 1
      report(command)
      continue
    }
    const size = eventBytesAbout(command)
    if (chunk.length === rowsMax || (chunk.length > 0 && bytes + size > chunkBytesMax)) {
      yield chunk
      chunk = []
      bytes = 0
    }
    chunk.push(command)
    bytes += size
  }
  if (chunk.length > 0) yield chunk
}

/** A generous guess at the event: its envelope, the request twice (names of accounts recur), balances per posting. */
function eventBytesAbout({ item }: ExecutableRow): number {
  const { postings } = item.request
  const balances = Array.isArray(postings) ? 2 * postings.length : 1
  return 900 + 2 * JSON.stringify(item.request).length + 175 * balances
}

async function store(chunk: readonly ExecutableRow[], parts: ImportParts): Promise<void> {
  let waiting = chunk
  for (let attempt = 1; waiting.length > 0; attempt += 1) {
    const again = await executeAll(waiting, parts)
    const [first] = again
    if (first !== undefined && attempt === attemptsMax) throw notTaken(first)
    if (first !== undefined) await sleep(Math.min(pauseMsMax, 50 * 2 ** attempt))
    waiting = again.map(({ row }) => row)
  }
}

type Passing = { readonly row: ExecutableRow; readonly refusal: RefusedOutcome }

/** Starts all at once, which keeps each ledger's order, and answers those that have to be tried again. */
async function executeAll(
  chunk: readonly ExecutableRow[],
  parts: ImportParts,
): Promise<readonly Passing[]> {
  const { bus, circumstances } = parts
  const outcomes = await Promise.all(
    chunk.map(({ ledgerId, key, item }) => bus.execute({ ...circumstances, ledgerId, key, item })),
  )
  const again: Passing[] = []
  for (const [index, row] of chunk.entries()) {
    const outcome = outcomes[index]
    if (outcome?.kind === 'refused' && outcome.code === 'clock-jumped')
      throw notTaken({ row, refusal: outcome })
    if (outcome?.kind === 'refused' && passing.has(outcome.code))
      again.push({ row, refusal: outcome })
    else if (outcome !== undefined) count(row, outcome, parts)
  }
  return again
}

function count(row: ExecutableRow, outcome: Outcome, { counts, report }: ImportParts): void {
  if (outcome.kind === 'refused') {
    counts.refused += 1
    report({ ...row, refusal: outcome })
  } else if (outcome.replayed) counts.replayed += 1
  else counts.accepted += 1
}

function notTaken({ row, refusal }: Passing): ToolFailed {
  return new ToolFailed(
    `stopped at line ${row.line}: ${refusal.code}: ${refusal.detail}. Nothing is lost: run the same import again.`,
  )
}
