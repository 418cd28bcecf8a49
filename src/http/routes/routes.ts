import type { LiveStreams } from '#http/log/live-streams.ts'
import { KeptAnswers } from '#http/kept-answers.ts'
import type { HealthParts, Parts, QueryName } from '#http/parts.ts'
import type { Asking } from '#http/question.ts'
import { takeBatch } from '#http/routes/batches.ts'
import { type Act, type CommandOf, invalidBody, takeCommand } from '#http/routes/commands.ts'
import { answerEvent, answerEvents } from '#http/routes/events.ts'
import { answerLive, answerProjections, answerReady, answerRelay } from '#http/routes/health.ts'
import { answerQuery } from '#http/routes/queries.ts'
import { answerStatement } from '#http/routes/statements.ts'
import { cursorSigner } from '#security/cursor-signer.ts'
import type { JsonObject } from '#values/json.ts'

export type Method = 'GET' | 'POST' | 'PATCH'

export type Route = { readonly method: Method; readonly path: string; readonly act: Act }

const ledgers = '/v1/ledgers'
const ledger = `${ledgers}/:ledgerId`
const account = `${ledger}/accounts/:accountId`
const hold = `${ledger}/holds/:holdId`

/** Which request is which command. Only a path that serves two looks into the body. */
const commands: readonly (readonly [Method, string, string | CommandOf])[] = [
  ['POST', `${ledger}/transactions`, 'PostTransaction'],
  ['POST', `${ledger}/transactions/:transactionId/reversals`, 'ReverseTransaction'],
  ['POST', `${ledger}/holds`, 'PlaceHold'],
  ['POST', `${hold}/captures`, 'CaptureHold'],
  ['POST', `${hold}/void`, 'VoidHold'],
  ['POST', `${hold}/extend`, 'ExtendHold'],
  ['POST', ledgers, 'OpenLedger'],
  ['PATCH', ledger, 'ChangeLedger'],
  ['POST', `${ledger}/assets`, 'RegisterAsset'],
  ['POST', `${ledger}/accounts`, 'OpenAccount'],
  ['PATCH', account, changeOfAccount],
  ['POST', `${account}/freeze`, 'FreezeAccount'],
  ['POST', `${account}/unfreeze`, 'UnfreezeAccount'],
  ['POST', `${account}/close`, 'CloseAccount'],
  ['POST', `${account}/reopen`, 'ReopenAccount'],
]

/** Which request is which question, and whether it is answered in pages. */
const queries: readonly (readonly [string, QueryName, Asking['kind']])[] = [
  [ledgers, 'listLedgers', 'list'],
  [ledger, 'getLedger', 'one'],
  [`${ledger}/accounts`, 'listAccounts', 'list'],
  [account, 'getAccount', 'one'],
  [`${account}/balances`, 'accountBalances', 'one'],
  [`${account}/entries`, 'accountEntries', 'list'],
  [`${ledger}/transactions`, 'listTransactions', 'list'],
  [`${ledger}/transactions/:transactionId`, 'getTransaction', 'one'],
  [`${ledger}/holds`, 'listHolds', 'list'],
  [hold, 'getHold', 'one'],
  [`${ledger}/trial-balance`, 'trialBalance', 'list'],
  [`${ledger}/commands`, 'listCommands', 'list'],
]

/** Every route there is. */
export function routesOf(parts: Parts, streams: LiveStreams): readonly Route[] {
  const cursors = cursorSigner(parts.cursorSecret)
  const asking = (name: QueryName, kind: Asking['kind']) => ({ query: parts.queries[name], kind })
  const events = { parts, cursors, streams }
  const kept = new KeptAnswers(parts.limits)
  const all: readonly Route[] = [
    ...commands.map(([method, path, command]) => ({
      method,
      path,
      act: takeCommand(parts, typeof command === 'string' ? () => command : command),
    })),
    { method: 'POST', path: `${ledger}/batches`, act: takeBatch(parts) },
    ...queries.map(([path, name, kind]) =>
      get(path, answerQuery({ parts, cursors, kept }, asking(name, kind))),
    ),
    get(
      `${account}/statement`,
      answerStatement(parts, asking('accountStatement', 'list'), cursors),
    ),
    get(`${ledger}/events`, answerEvents(events)),
    get(`${ledger}/events/:revision`, answerEvent(events)),
    get('/v1/projections', answerProjections(parts)),
    ...healthRoutes(parts),
  ]
  return all.toSorted((a, b) => placeOf(a) - placeOf(b))
}

/** Express tries one path after the other: what is asked most comes first. */
const busiest = [
  `${ledger}/transactions`,
  `${ledger}/batches`,
  `${account}/balances`,
  `${account}/entries`,
]

function placeOf({ path }: Route): number {
  const place = busiest.indexOf(path)
  return place === -1 ? busiest.length : place
}

/** What every process answers, whatever its role. */
export function healthRoutes(parts: HealthParts): readonly Route[] {
  const { relayStatus } = parts
  return [
    ...(relayStatus === undefined ? [] : [get('/v1/relay', answerRelay(relayStatus))]),
    get('/health/live', answerLive()),
    get('/health/ready', answerReady(parts)),
  ]
}

/** @throws {RequestRefused} for a body that changes both, or neither. */
function changeOfAccount(body: JsonObject): string {
  const changesMetadata = Object.hasOwn(body, 'metadata')
  if (changesMetadata === Object.hasOwn(body, 'limits'))
    throw invalidBody('either limits or metadata')
  return changesMetadata ? 'SetMetadata' : 'ChangeAccountLimits'
}

function get(path: string, act: Act): Route {
  return { method: 'GET', path, act }
}
