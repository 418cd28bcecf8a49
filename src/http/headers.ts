import type { IncomingMessage } from 'node:http'
import { isClientKey } from '#commands/parse-command.ts'
import { invalid, refused } from '#http/problems.ts'
import { isRevisionId } from '#values/ids.ts'

/** Batch keys are shorter by what `/` and an item's index take. */
const batchKeyLengthMax = 250

const traceIdPattern = /^[\x20-\x7e]{1,128}$/

/** Which conversation a request belongs to, and what made it happen; both default to the request itself. */
export type Trace = { readonly correlationId: string; readonly causationId: string }

/** @throws {RequestRefused} when one of the two is given but is not 1 to 128 printable ASCII characters. */
export function traceOf(request: IncomingMessage, requestId: string): Trace {
  return {
    correlationId: traceId(request, 'correlation-id') ?? requestId,
    causationId: traceId(request, 'causation-id') ?? requestId,
  }
}

/** What Node takes for it, and has answered with 100. */
const continuePattern = /(?:^|\W)100-continue(?:$|\W)/i

/** What HTTP/1.1 asks of every request (RFC 9112 §3.2, RFC 9110 §10.1.1). @throws {RequestRefused} */
export function requireHttp(request: IncomingMessage): void {
  const { host, expect } = request.headers
  if (request.httpVersion !== '1.1') return
  if (host === undefined) throw refused('malformed-request', 'send a Host header')
  if (expect !== undefined && !continuePattern.test(expect))
    throw refused('expectation-failed', 'of Expect, this takes 100-continue alone')
}

/** @throws {RequestRefused} without a key, or with one that a client may not use. */
export function idempotencyKey(request: IncomingMessage, kind: 'command' | 'batch'): string {
  const key = singleHeader(request, 'idempotency-key')
  if (key === undefined || key === '')
    throw refused(
      'idempotency-key-required',
      'send an Idempotency-Key header: 1 to 255 printable ASCII characters, the same again on a retry',
    )
  if (!isClientKey(key))
    throw invalid(
      '/headers/idempotency-key',
      'a key is 1 to 255 printable ASCII characters, does not begin with daybook: and does not end with / and digits',
    )
  if (kind === 'batch' && key.length > batchKeyLengthMax)
    throw invalid(
      '/headers/idempotency-key',
      `the key of a batch has at most ${batchKeyLengthMax} characters`,
    )
  return key
}

/** The revision that an answer must contain at least; undefined without the header. */
export function minRevision(request: IncomingMessage): bigint | undefined {
  return revisionHeader(request, 'min-revision')
}

/** Where a reader of the live log goes on. */
export function lastEventId(request: IncomingMessage): bigint | undefined {
  return revisionHeader(request, 'last-event-id')
}

function revisionHeader(request: IncomingMessage, name: string): bigint | undefined {
  const text = singleHeader(request, name)
  if (text === undefined) return undefined
  if (!isRevisionId(text)) throw invalid(`/headers/${name}`, 'a revision is a decimal number')
  return BigInt(text)
}

function traceId(request: IncomingMessage, name: string): string | undefined {
  const text = singleHeader(request, name)
  if (text !== undefined && !traceIdPattern.test(text))
    throw invalid(`/headers/${name}`, 'is 1 to 128 printable ASCII characters')
  return text
}

/** Node joins a repeated header with commas: where there is a comma, the raw list tells one from two. */
function singleHeader(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  if (typeof value !== 'string') return undefined
  if (value.includes(',')) requireOnce(request, name)
  return value
}

/** @throws {RequestRefused} for a header that was sent twice: of some, Node keeps the first and says nothing. */
export function requireOnce(request: IncomingMessage, name: string): void {
  if (timesSent(request, name) > 1) throw invalid(`/headers/${name}`, 'stands there more than once')
}

function timesSent(request: IncomingMessage, name: string): number {
  return request.rawHeaders.filter((raw, index) => index % 2 === 0 && raw.toLowerCase() === name)
    .length
}
