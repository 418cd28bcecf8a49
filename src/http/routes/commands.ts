import type { AcceptedOutcome, CommandRequest, Outcome } from '#commands/handler/outcome.ts'
import { type ParsedItem, parseCommand } from '#commands/parse-command.ts'
import { type Body, readBody } from '#http/body.ts'
import { acceptable, answerProblem, type Exchange } from '#http/exchange.ts'
import { idempotencyKey } from '#http/headers.ts'
import { answerDone, requireRoomToAnswer } from '#http/large-answers.ts'
import type { Parts } from '#http/parts.ts'
import { type PathIds, pathIds, requirePossibleIds } from '#http/path-ids.ts'
import { invalid, malformedProblem, RequestRefused, refusalProblem } from '#http/problems.ts'
import { queryParameters, requireOnly } from '#http/query-string.ts'
import { isJsonObject, type Json, type JsonObject } from '#values/json.ts'

/** Answers one request. What it throws is answered as a problem. */
export type Act = (exchange: Exchange) => Promise<void>

/** The name of the command that a request means; a body decides where one path serves two. */
export type CommandOf = (body: JsonObject) => string

/** Takes one command: reads it, hands it to the bus, answers what it came to. */
export function takeCommand(parts: Parts, commandOf: CommandOf): Act {
  return async (exchange) => {
    const { request } = exchange
    acceptable(request, ['application/json'])
    requireRoomToAnswer(parts)
    const body = await readBody(request, parts.intake, parts.limits.bodyBytesMax)
    const dryRun = isDryRun(exchange)
    const ids = pathIds(request)
    const members = objectIn(body.value)
    const item = parsed(commandOf(members), members, ids)
    const key = dryRun ? '' : idempotencyKey(request, 'command')
    await requirePossibleIds(parts, ids)
    if (item === undefined) throw new TypeError('a command that fits has an id that does not')
    requireNoNumbers(body)
    const command = { ...whoAsks(exchange), ledgerId: ledgerOf(ids, members), key, item }
    await (dryRun ? tryOut(parts, exchange, command) : execute(parts, exchange, command))
  }
}

/** @throws {RequestRefused} for a query string that says anything else. */
export function isDryRun({ request }: Exchange): boolean {
  const parameters = queryParameters(request.url)
  requireOnly(parameters, ['dryRun'])
  const { dryRun } = parameters
  if (dryRun !== undefined && dryRun !== 'true' && dryRun !== 'false')
    throw invalid('/query/dryRun', 'is true or false')
  return dryRun === 'true'
}

export function objectIn(body: Json): JsonObject {
  if (isJsonObject(body)) return body
  throw invalidBody('is a JSON object')
}

/** What is wrong with a body as a whole. */
export function invalidBody(detail: string): RequestRefused {
  return new RequestRefused(malformedProblem([{ pointer: '', code: 'validation-failed', detail }]))
}

export function whoAsks({
  correlationId,
  causationId,
}: Exchange): Omit<CommandRequest, 'ledgerId' | 'key' | 'item'> {
  return { actor: 'anonymous', correlationId, causationId }
}

/** 201 where the command made something that stays, otherwise 200. */
export function statusOf({ event }: AcceptedOutcome): 200 | 201 {
  return creating.has(event) ? 201 : 200
}

const creating: ReadonlySet<string> = new Set<AcceptedOutcome['event']>([
  'LedgerOpened',
  'AssetRegistered',
  'AccountOpened',
  'TransactionPosted',
  'HoldPlaced',
  'HoldCaptured',
])

/** Undefined where nothing is wrong but an id of the path. */
function parsed(name: string, body: JsonObject, ids: PathIds): ParsedItem | undefined {
  const { ledgerId: _ledgerId, ...commandIds } = ids
  const twice = Object.keys(commandIds).filter((id) => Object.hasOwn(body, id))
  if (twice.length > 0)
    throw new RequestRefused(malformedProblem(twice.map((id) => unknownMember(id))))
  const item = parseCommand(name, { ...commandIds, ...body })
  if (!('malformed' in item)) return item
  const errors = item.malformed.filter(
    ({ pointer }) => !Object.hasOwn(commandIds, pointer.slice(1)),
  )
  if (errors.length > 0) throw new RequestRefused(malformedProblem(errors))
  return undefined
}

function unknownMember(id: string): {
  pointer: string
  code: 'validation-failed'
  detail: string
} {
  return { pointer: `/${id}`, code: 'validation-failed', detail: 'stands in the path already' }
}

/** No command has a number in it, so no fingerprint was made of a rounded one. */
function requireNoNumbers(body: Body): void {
  if (body.hasNumbers) throw new TypeError('a command with a JSON number passed its schema')
}

/** A ledger is opened under the id in the body. */
function ledgerOf(ids: PathIds, body: JsonObject): string {
  const ledgerId = ids['ledgerId'] ?? body['ledgerId']
  if (typeof ledgerId !== 'string') throw new TypeError('a command that fits has no ledger')
  return ledgerId
}

async function execute(parts: Parts, exchange: Exchange, command: CommandRequest): Promise<void> {
  const outcome = await parts.commandBus.execute(command)
  const { revision, replayed } = outcome
  answerOutcome(parts, exchange, { outcome, revision, replayed })
}

async function tryOut(parts: Parts, exchange: Exchange, command: CommandRequest): Promise<void> {
  const { outcome, decidedOn } = await parts.commandBus.dryRun(command)
  answerOutcome(parts, exchange, { outcome, revision: decidedOn, status: 200 })
}

type Answering = {
  readonly outcome: Outcome
  readonly revision?: bigint | undefined
  readonly replayed?: boolean
  readonly status?: number
}

function answerOutcome(
  parts: Parts,
  exchange: Exchange,
  { outcome, status, ...headers }: Answering,
): void {
  if (outcome.kind === 'refused')
    return answerProblem(exchange, refusalProblem(outcome), { headers })
  const body = { data: outcome.data }
  answerDone(parts, exchange, { status: status ?? statusOf(outcome), body, headers })
}
