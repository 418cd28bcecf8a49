import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { STATUS_CODES } from '#http/node-http.ts'
import { type HttpCode, problemBody, problemOf } from '#http/problems.ts'

/** What Node calls it, and what we do. */
const codes: Readonly<Record<string, BrokenCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
}

type BrokenCode = keyof typeof details

const details = {
  'headers-too-large': 'the headers of this request are too large',
  'body-too-large': 'the chunk extensions of this body are too large',
  'request-timeout': 'this request took too long to arrive',
  'malformed-request': 'this is not a well-formed HTTP request',
} as const satisfies Partial<Record<HttpCode, string>>

/** Answers what never became a request, after the last answer before it, and closes the connection. */
export function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  answering: ServerResponse | undefined,
): void {
  const busy = answering !== undefined && !answering.writableFinished
  const end = () => socket.end(answerTo(error.code ?? ''))
  if (!socket.writable || error.code === 'ECONNRESET') socket.destroy()
  else if (!busy) end()
  else if (answering.req.complete) answering.once('finish', end)
  // What was answered in this turn is sent when it ends.
  else if (answering.headersSent) setImmediate(() => socket.destroy())
  else end()
}

function answerTo(nodeCode: string): string {
  const code = codes[nodeCode] ?? 'malformed-request'
  const requestId = crypto.randomUUID()
  const problem = problemOf(code, details[code])
  const body = JSON.stringify(problemBody(problem, { requestId }))
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Request-Id: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}
