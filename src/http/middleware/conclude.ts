import type { Request, RequestHandler, Response } from 'express'
import { ClientGone } from '#http/body.ts'
import { answerProblem, type Exchange, openExchange } from '#http/exchange.ts'
import { requestIdOf } from '#http/node-http.ts'
import {
  type HttpCode,
  internalProblem,
  knownProblem,
  type Problem,
  problemOf,
  refused,
} from '#http/problems.ts'
import type { Logger } from '#ports/logger.ts'

/** How long, and for how much, what still comes is read and thrown away. */
const lingerMs = 1_000
const lingerBytesMax = 16 * 1024 * 1024

/** Answers what a path does not take, and OPTIONS. */
export function otherMethods(methods: readonly string[]): RequestHandler {
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
  return (request, response) => {
    if (request.method === 'OPTIONS') return void response.writeHead(204, { allow }).end()
    throw refused('method-not-allowed', `this takes ${allow}`, { headers: { allow } })
  }
}

/** After these nobody knows what the client still sends: no other request can follow. */
const endingCodes: ReadonlySet<string> = new Set<HttpCode>([
  'body-too-large',
  'expectation-failed',
  'malformed-request',
])

/** Where every error ends: as a problem. Without one, no route took the request. */
export function conclude(
  exchange: { readonly request: Request; readonly response: Response },
  logger: Logger,
  error: unknown,
): void {
  const { request, response } = exchange
  if (error instanceof ClientGone) return void response.destroy()
  const open = openLeniently(request, response)
  const problem = error == null ? noSuchRoute(request) : knownProblem(error)
  if (problem === undefined || response.headersSent)
    logger.error({ requestId: open.requestId, error }, 'a request failed')
  if (response.headersSent) response.destroy()
  else if (problem !== undefined && endingCodes.has(problem.code)) answerEarly(open, problem)
  else answerProblem(open, problem ?? internalProblem)
}

function noSuchRoute({ path }: Request): Problem {
  return problemOf('not-found', `there is nothing at ${path.slice(0, 200)}`)
}

/** The exchange, with the request's own trace where that cannot be read. */
function openLeniently(request: Request, response: Response): Exchange {
  const requestId = requestIdOf(response)
  try {
    return openExchange(request, response, requestId)
  } catch {
    return { request, response, requestId, correlationId: requestId, causationId: requestId }
  }
}

/**
 * Answers while the client is still sending: the whole answer goes out, then what still comes is thrown away for a
 * while, so that the connection is not reset before the client has read it.
 */
function answerEarly(exchange: Exchange, problem: Problem): void {
  const { request, response } = exchange
  answerProblem(exchange, problem, { headers: { others: { connection: 'close' } }, end: false })
  const end = () => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(end, lingerMs)
  let thrownAway = 0
  request.on('data', (chunk: Buffer) => {
    thrownAway += chunk.length
    if (thrownAway > lingerBytesMax) end()
  })
  request.once('end', end)
  request.once('close', end)
}
