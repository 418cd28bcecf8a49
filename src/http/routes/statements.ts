import { type Answered, ask } from '#http/ask.ts'
import { csvRecord, unexecutable } from '#http/csv.ts'
import { acceptable, commonHeaders, type Exchange } from '#http/exchange.ts'
import type { Parts } from '#http/parts.ts'
import { pacedWrite } from '#http/paced-write.ts'
import { invalid } from '#http/problems.ts'
import { type Asked, type Asking, questionIn } from '#http/question.ts'
import { queryParameters } from '#http/query-string.ts'
import type { Act } from '#http/routes/commands.ts'
import { answerPage, askedIn } from '#http/routes/queries.ts'
import type { CursorSigner } from '#security/cursor-signer.ts'

const csvType = 'text/csv'

/** Lines asked for at a time while a statement is streamed: what one reader makes this process hold. */
const linesPerPage = 1_000

const header =
  'effectiveAt,recordedAt,transactionId,description,counterparty,debit,credit,balance\r\n'

/** A statement in pages as JSON, or whole as CSV. */
export function answerStatement(parts: Parts, asking: Asking, cursors: CursorSigner): Act {
  return async (exchange) => {
    const type = acceptable(exchange.request, ['application/json', csvType])
    const asked = await askedIn(parts, exchange, () => questionIn(exchange, asking, cursors))
    if (type !== csvType)
      return answerPage({ parts, cursors }, exchange, { ...asked, ...(await ask(parts, asked)) })
    refusePaging(exchange)
    return streamCsv(parts, exchange, { ...asked, page: { limit: linesPerPage } })
  }
}

function refusePaging({ request }: Exchange): void {
  const { limit, cursor } = queryParameters(request.url)
  if (limit !== undefined) throw invalid('/query/limit', 'a statement as CSV comes whole')
  if (cursor !== undefined) throw invalid('/query/cursor', 'a statement as CSV comes whole')
}

/** All pages at the revision of the first: the cursor of a statement carries it. */
async function streamCsv(parts: Parts, exchange: Exchange, asked: Asked): Promise<void> {
  const { request, response } = exchange
  let answered = await ask(parts, asked)
  const { revision } = answered
  const others = {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': 'attachment; filename="statement.csv"',
  }
  response.writeHead(200, commonHeaders(exchange, { revision, others }))
  let page = pageOf(answered)
  if (request.method === 'HEAD') return void response.end()
  const write = (text: string) => pacedWrite(response, text, parts.limits.downloadStallMs)
  await write(header + balanceLine('opening', page.statement.opening, page.statement.from))
  for (;;) {
    await write(page.statement.lines.map(lineOf).join(''))
    if (page.next === null || response.destroyed) break
    answered = await ask(parts, { ...asked, page: { limit: linesPerPage, after: page.next } })
    page = pageOf(answered)
  }
  const { lacking, closing, to } = page.statement
  if (lacking !== undefined) await write(balanceLine('lacking', lacking))
  response.end(balanceLine('closing', closing, to))
}

/** The members of a statement that its CSV shows. */
type Statement = {
  readonly from?: string
  readonly to?: string
  readonly opening: string
  readonly lines: readonly StatementLine[]
  readonly lacking?: string
  readonly closing: string
}

type StatementLine = {
  readonly effectiveAt: string
  readonly recordedAt: string
  readonly transactionId: string
  readonly description?: string
  readonly counterparty: string
  readonly side: 'debit' | 'credit'
  readonly amount: string
  readonly balance: string
}

function pageOf({ answer }: Answered): { statement: Statement; next: readonly string[] | null } {
  if (answer.kind !== 'page' || !isStatement(answer.data))
    throw new TypeError('a statement is answered in pages')
  return { statement: answer.data, next: answer.next }
}

/** What the query answers is the statement resource of the API, and believed. */
function isStatement(data: unknown): data is Statement {
  return typeof data === 'object' && data !== null && 'lines' in data
}

function lineOf(line: StatementLine): string {
  const isDebit = line.side === 'debit'
  return csvRecord([
    line.effectiveAt,
    line.recordedAt,
    line.transactionId,
    unexecutable(line.description ?? ''),
    line.counterparty,
    isDebit ? line.amount : '',
    isDebit ? '' : line.amount,
    line.balance,
  ])
}

function balanceLine(name: 'opening' | 'lacking' | 'closing', balance: string, at = ''): string {
  return csvRecord([at, '', '', name, '', '', '', balance])
}
