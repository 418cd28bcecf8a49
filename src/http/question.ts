import { problemsOf } from '#commands/parse-command.ts'
import type { Question } from '#http/ask.ts'
import type { Exchange } from '#http/exchange.ts'
import { minRevision } from '#http/headers.ts'
import { type PathIds, pathIds } from '#http/path-ids.ts'
import { invalid, malformedProblem, RequestRefused, refused } from '#http/problems.ts'
import { type QueryParameters, queryParameters, requireNone } from '#http/query-string.ts'
import type { Query } from '#queries/query.ts'
import type { CursorSigner, Keyset } from '#security/cursor-signer.ts'
import type { JsonObject } from '#values/json.ts'

/** What is asked and whether the answer comes in pages. */
export type Asking = { readonly query: Query<unknown>; readonly kind: 'one' | 'list' }

/** A question as a request puts it; `binding` is what its cursors belong to. */
export type Asked = Question & { readonly binding: JsonObject }

/** The page sizes of a list whose query names no others. */
export const listPaging = { limitDefault: 50, limitMax: 200 }

const limitPattern = /^[1-9]\d{0,5}$/

/**
 * Reads a question out of a request: path ids, filter, `limit`, `cursor`, `Min-Revision`.
 * Undefined where nothing is wrong but an id of the path.
 * @throws {RequestRefused}
 */
export function questionIn(
  { request }: Exchange,
  { query, kind }: Asking,
  cursors: CursorSigner,
): Asked | undefined {
  const ids = pathIds(request)
  const sent = queryParameters(request.url)
  const { limit: limitSent, cursor, ...filter } = sent
  const own = kind === 'list' ? filter : sent
  requireNone(own, Object.keys(ids))
  const parameters = parametersIn(query, ids, own)
  const limit = kind === 'list' ? limitIn(limitSent, query.paging ?? listPaging) : 1
  const minimum = minRevision(request)
  const binding = { query: query.name, ids, filter }
  const after = kind === 'list' ? cursorIn(cursor, binding, cursors) : undefined
  if (parameters === undefined) return undefined
  return {
    query,
    parameters: parameters.value,
    ledgerId: ids['ledgerId'],
    minRevision: minimum,
    page: after === undefined ? { limit } : { limit, after },
    binding,
  }
}

/** @throws {RequestRefused} for a limit out of range: it is never clamped. */
export function limitIn(
  text: string | undefined,
  { limitDefault, limitMax }: typeof listPaging,
): number {
  if (text === undefined) return limitDefault
  const limit = limitPattern.test(text) ? Number(text) : 0
  if (limit < 1 || limit > limitMax)
    throw invalid('/query/limit', `is a number from 1 to ${limitMax}`)
  return limit
}

/** @throws {RequestRefused} `invalid-cursor` for one that was not made here for this very question. */
export function cursorIn(
  cursor: string | undefined,
  binding: JsonObject,
  cursors: CursorSigner,
): Keyset | undefined {
  if (cursor === undefined) return undefined
  const keyset = cursors.open(binding, cursor)
  if (keyset === undefined)
    throw refused('invalid-cursor', 'this cursor is not from an answer to this question')
  return keyset
}

/** @throws {RequestRefused} unless all that is wrong with the parameters is an id of the path. */
function parametersIn(
  query: Query<unknown>,
  ids: PathIds,
  filter: QueryParameters,
): { readonly value: unknown } | undefined {
  const members = { ...withOffsets(filter), ...ids }
  const parsed = query.parameters.safeParse(members)
  const issues = parsed.success ? [] : parsed.error.issues
  const errors = issues
    .flatMap((issue) => problemsOf(issue, members))
    .filter(({ pointer }) => !Object.hasOwn(ids, pointer.slice(1)))
    .map((error) => ({ ...error, pointer: `/query${error.pointer}` }))
  if (errors.length > 0) throw new RequestRefused(malformedProblem(errors))
  return parsed.success ? { value: parsed.data } : undefined
}

const clockNames: ReadonlySet<string> = new Set(['from', 'to', 'effectiveAt', 'recordedAt'])

/** In a query string `+` is a space. A time cannot have one before its offset, so there it was a plus. */
function withOffsets(filter: QueryParameters): QueryParameters {
  return Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [
      name,
      clockNames.has(name) ? value.replace(/ (\d\d:\d\d)$/, '+$1') : value,
    ]),
  )
}
