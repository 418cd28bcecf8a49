import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import type { InputProblem } from '#commands/parse-command.ts'
import { logDamaged } from '#commands/handler/refusals.ts'
import { EventLogDamaged, EventStoreUnavailable } from '#ports/event-store.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'
import type { JsonObject } from '#values/json.ts'

/** The HTTP status of everything that this layer refuses by itself. The books bring their own statuses. */
const statuses = {
  'malformed-request': 400,
  'malformed-json': 400,
  'validation-failed': 400,
  'idempotency-key-required': 400,
  'invalid-cursor': 400,
  'not-found': 404,
  'ledger-not-found': 404,
  'account-not-found': 404,
  'transaction-not-found': 404,
  'hold-not-found': 404,
  'event-not-found': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  'request-timeout': 408,
  'body-too-large': 413,
  'unsupported-media-type': 415,
  'expectation-failed': 417,
  'asset-unknown': 422,
  'invalid-amount': 422,
  'headers-too-large': 431,
  internal: 500,
  'log-damaged': 503,
  overloaded: 503,
  parked: 503,
  'projection-behind': 503,
  unavailable: 503,
} as const

export type HttpCode = keyof typeof statuses

/** What went wrong, in the words of the contract: all of it may leave the process. */
export type Problem = {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors: readonly ProblemEntry[]
  readonly context: JsonObject
  readonly headers: Readonly<Record<string, string>>
}

/** `pointer` is RFC 6901: into the body, or `/query/…`, `/headers/…`. */
export type ProblemEntry = {
  readonly pointer: string
  readonly code: string
  readonly detail: string
}

type Particulars = Partial<Pick<Problem, 'errors' | 'context' | 'headers'>>

/** Thrown within this folder, and only here, for a request that ends early. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

export function refused(
  code: HttpCode,
  detail: string,
  particulars: Particulars = {},
): RequestRefused {
  return new RequestRefused(problemOf(code, detail, particulars))
}

/** A 400 that names one parameter or header. */
export function invalid(pointer: string, detail: string): RequestRefused {
  const errors = [{ pointer, code: 'validation-failed', detail }]
  return refused('validation-failed', `${pointer}: ${detail}`, { errors })
}

export function problemOf(code: HttpCode, detail: string, particulars: Particulars = {}): Problem {
  return {
    status: statuses[code],
    code,
    detail,
    errors: [],
    context: {},
    headers: {},
    ...particulars,
  }
}

/** Members that are not what the command asks for; where it is amounts alone, they have a code of their own. */
export function malformedProblem(errors: readonly InputProblem[]): Problem {
  const amountsOnly = errors.every(({ code }) => code === 'invalid-amount')
  const [first] = errors
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const where = first?.pointer === '' || first === undefined ? 'the body' : first.pointer
  const detail = `${where}: ${first?.detail ?? 'is not valid'}${more}`
  return problemOf(amountsOnly ? 'invalid-amount' : 'validation-failed', detail, { errors })
}

/** A refusal of the books or of the writer, as it leaves. */
export function refusalProblem(refusal: RefusedOutcome): Problem {
  const { status, code, detail, context, retryAfterSeconds } = refusal
  const headers = retryAfterSeconds === undefined ? {} : retryAfter(retryAfterSeconds)
  return { status, code, detail, errors: [], context, headers }
}

/** Inside to outside. Undefined for a bug: it is logged, and answered with `internalProblem`. */
export function knownProblem(error: unknown): Problem | undefined {
  if (error instanceof RequestRefused) return error.problem
  if (error instanceof EventLogDamaged) return refusalProblem(logDamaged(error.place?.revision))
  if (error instanceof EventStoreUnavailable)
    return problemOf('unavailable', 'the event store cannot be reached now', {
      headers: retryAfter(1),
    })
  if (error instanceof ReadModelsUnavailable)
    return problemOf('unavailable', 'the read models cannot be reached now', {
      headers: retryAfter(1),
    })
  if (error instanceof URIError)
    return problemOf('validation-failed', 'the path is not valid percent-encoded UTF-8')
  return undefined
}

export const internalProblem = problemOf('internal', 'something went wrong here; it was logged')

export function retryAfter(seconds: number): { 'retry-after': string } {
  return { 'retry-after': String(seconds) }
}

/** RFC 9457. `instance` is the path; an item of a batch has neither that nor a `requestId`. */
export function problemBody(
  problem: Problem,
  request?: { readonly instance?: string; readonly requestId: string },
): JsonObject {
  return {
    type: `urn:daybook:problem:${problem.code}`,
    title: titleOf(problem.code),
    status: problem.status,
    detail: problem.detail,
    instance: request?.instance,
    code: problem.code,
    requestId: request?.requestId,
    errors: problem.errors,
    context: problem.context,
  }
}

/** The code in words: `insufficient-funds` is "Insufficient funds". */
function titleOf(code: string): string {
  const words = code.replaceAll('-', ' ').replace(/\bjson\b/, 'JSON')
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}
