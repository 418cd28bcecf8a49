import type { Request, Response } from 'express'
import { type Trace, traceOf } from '#http/headers.ts'
import { type Problem, problemBody, refused } from '#http/problems.ts'
import { AnswersTogether } from '#http/together.ts'
import type { JsonObject } from '#values/json.ts'

/** One request and the answer it will get. */
export type Exchange = Trace & {
  readonly request: Request
  readonly response: Response
  readonly requestId: string
}

/** What an answer says beside its body. `revision` becomes `Ledger-Revision`. */
export type AnswerHeaders = {
  readonly revision?: bigint | undefined
  readonly replayed?: boolean
  readonly others?: Readonly<Record<string, string>>
}

export const jsonType = 'application/json; charset=utf-8'
const problemType = 'application/problem+json; charset=utf-8'

/** Of the event loop, of which there is one. */
const together = new AnswersTogether()

/** @throws {RequestRefused} for trace headers that are not acceptable. */
export function openExchange(request: Request, response: Response, requestId: string): Exchange {
  return { request, response, requestId, ...traceOf(request, requestId) }
}

/**
 * Which of the media types on offer the client takes; the first where it takes anything.
 * @throws {RequestRefused} 406 when it takes none.
 */
export function acceptable(request: Request, offered: readonly string[]): string {
  const [preferred = 'application/json'] = offered
  const { accept } = request.headers
  if (accept === undefined || accept === '*/*' || accept === preferred) return preferred
  const asSent = offered.map((type) => `${type}; charset=utf-8`)
  const chosen = request.accepts(asSent)
  if (chosen === false) throw refused('not-acceptable', `this comes as ${offered.join(' or ')}`)
  return offered[asSent.indexOf(chosen)] ?? preferred
}

/** Sends JSON that is already text, in one piece. */
export function answerText(
  exchange: Exchange,
  status: number,
  { text, headers = {} }: { readonly text: string; readonly headers?: AnswerHeaders },
): void {
  exchange.response.writeHead(status, {
    'content-type': jsonType,
    'content-length': Buffer.byteLength(text),
    ...commonHeaders(exchange, headers),
  })
  together.end(exchange.response, text)
}

export function answerJson(
  exchange: Exchange,
  status: number,
  { body, headers = {} }: { readonly body: JsonObject; readonly headers?: AnswerHeaders },
): void {
  answerText(exchange, status, { text: JSON.stringify(body), headers })
}

/** Sends a problem, whole; whether the response ends with it is left to `end`. */
export function answerProblem(
  exchange: Exchange,
  problem: Problem,
  { headers = {}, end = true }: { readonly headers?: AnswerHeaders; readonly end?: boolean } = {},
): void {
  const { response, requestId } = exchange
  const instance = exchange.request.originalUrl.replace(/\?.*$/s, '')
  const text = JSON.stringify(problemBody(problem, { instance, requestId }))
  response.writeHead(problem.status, {
    'content-type': problemType,
    'content-length': Buffer.byteLength(text),
    ...commonHeaders(exchange, headers),
    ...problem.headers,
  })
  if (end) together.end(response, text)
  else response.write(text)
}

/** What every answer carries, whatever its body. */
export function commonHeaders(
  { requestId, correlationId, causationId }: Exchange,
  { revision, replayed, others }: AnswerHeaders,
): Record<string, string> {
  const headers: Record<string, string> = {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'request-id': requestId,
    'correlation-id': correlationId,
    'causation-id': causationId,
  }
  if (revision !== undefined) headers['ledger-revision'] = revision.toString()
  if (replayed === true) headers['idempotency-replayed'] = 'true'
  return others === undefined ? headers : Object.assign(headers, others)
}
