import { projectionBehind } from '#http/ask.ts'
import { acceptable, commonHeaders, type Exchange } from '#http/exchange.ts'
import { lastEventId, minRevision } from '#http/headers.ts'
import { answerRead } from '#http/large-answers.ts'
import type { EventFilter } from '#http/log/event-filter.ts'
import { readEvents } from '#http/log/event-pages.ts'
import type { LiveStreams } from '#http/log/live-streams.ts'
import type { Parts } from '#http/parts.ts'
import { pathIds, requireLedger, requirePossibleIds } from '#http/path-ids.ts'
import { invalid, refused } from '#http/problems.ts'
import { type QueryParameters, queryParameters, requireOnly } from '#http/query-string.ts'
import { cursorIn, limitIn, listPaging } from '#http/question.ts'
import type { Act } from '#http/routes/commands.ts'
import { waitFor } from '#http/waiting.ts'
import type { CursorSigner } from '#security/cursor-signer.ts'
import { type AccountId, isAccountId, isRevisionId } from '#values/ids.ts'

const streamType = 'text/event-stream'

/** What the routes of the log are made from. */
export type EventParts = {
  readonly parts: Parts
  readonly cursors: CursorSigner
  readonly streams: LiveStreams
}

/** The log itself, in pages or live. */
export function answerEvents(of: EventParts): Act {
  return async (exchange) => {
    const type = acceptable(exchange.request, ['application/json', streamType])
    await (type === streamType ? streamEvents(of, exchange) : pageEvents(of, exchange))
  }
}

/** One event, as it is stored. */
export function answerEvent({ parts }: EventParts): Act {
  return async (exchange) => {
    acceptable(exchange.request, ['application/json'])
    requireOnly(queryParameters(exchange.request.url), [])
    const head = await headOf(parts, exchange)
    const { ledgerId = '', revision = '' } = pathIds(exchange.request)
    const events = await parts.store.readStream(parts.streamOf(ledgerId), BigInt(revision), 1)
    const [event] = events
    if (event === undefined)
      throw refused('event-not-found', `there is no event ${revision} in this ledger`, {
        context: { revision },
        headers: { 'ledger-revision': head.toString() },
      })
    answerRead(parts, exchange, {
      text: `{"data":${event.json}}`,
      headers: { revision: head },
    })
  }
}

async function pageEvents({ parts, cursors }: EventParts, exchange: Exchange): Promise<void> {
  const { limit: limitSent, cursor, ...sent } = queryParameters(exchange.request.url)
  const { filter, after } = eventsIn(parts, sent)
  const limit = limitIn(limitSent, listPaging)
  const binding = { query: 'events', ids: pathIds(exchange.request), filter: sent }
  const [last] = cursorIn(cursor, binding, cursors) ?? []
  const head = await headOf(parts, exchange)
  const { ledgerId = '' } = pathIds(exchange.request)
  const from = last === undefined ? after : BigInt(last)
  const { events, upTo } = await readEvents(parts, { ledgerId, filter, after: from, limit })
  const next = upTo < head ? cursors.seal(binding, [upTo.toString()]) : null
  const data = events.map(({ json }) => json).join(',')
  const page = JSON.stringify({ next, limit })
  const text = `{"data":[${data}],"page":${page}}`
  answerRead(parts, exchange, { text, headers: { revision: head } })
}

async function streamEvents({ parts, streams }: EventParts, exchange: Exchange): Promise<void> {
  const { request, response } = exchange
  const { filter, after } = eventsIn(parts, queryParameters(request.url))
  const resumed = lastEventId(request)
  const head = await headOf(parts, exchange)
  streams.requireRoom()
  const others = { 'content-type': streamType, 'x-accel-buffering': 'no' }
  response.writeHead(200, commonHeaders(exchange, { revision: head, others }))
  if (request.method === 'HEAD') return void response.end()
  const { ledgerId = '' } = pathIds(request)
  return streams.serve(response, { ledgerId, filter, after: resumed ?? after, head })
}

/** The head of the ledger's log, once it is at `Min-Revision`. @throws {RequestRefused} */
async function headOf(parts: Parts, { request }: Exchange): Promise<bigint> {
  const minimum = minRevision(request) ?? 0n
  const ids = pathIds(request)
  await requirePossibleIds(parts, ids)
  let head = -1n
  const attempt = async () => {
    head = await requireLedger(parts, ids['ledgerId'] ?? '')
    return head < minimum ? undefined : head
  }
  const { clock, limits } = parts
  const reached = await waitFor(attempt, { clock, waitMs: limits.minRevisionWaitMs })
  if (reached === undefined) throw projectionBehind(head, { asked: minimum, head })
  return reached
}

/** @throws {RequestRefused} for what names no event, type or account. */
function eventsIn(
  { eventTypes }: Parts,
  sent: QueryParameters,
): { readonly filter: EventFilter; readonly after: bigint } {
  requireOnly(sent, ['after', 'types', 'account'])
  const { after, types, account } = sent
  if (after !== undefined && !isRevisionId(after)) throw invalid('/query/after', 'is a revision')
  return {
    filter: {
      ...(types !== undefined && { types: typesIn(types, eventTypes) }),
      ...(account !== undefined && { account: accountIn(account) }),
    },
    after: after === undefined ? -1n : BigInt(after),
  }
}

function typesIn(text: string, known: readonly string[]): ReadonlySet<string> {
  const named = text.split(',')
  if (named.every((type) => known.includes(type))) return new Set(named)
  throw invalid('/query/types', `is a list of ${known.join(', ')}`)
}

function accountIn(text: string): AccountId {
  if (isAccountId(text)) return text
  throw invalid('/query/account', 'is an accountId')
}
