import type { BatchOutcome, BatchRequest, Outcome } from '#commands/handler/outcome.ts'
import {
  type BatchItem,
  type InputProblem,
  type MalformedItem,
  parseBatchItem,
  pointerTo,
} from '#commands/parse-command.ts'
import { type Body, readBody } from '#http/body.ts'
import { acceptable, answerProblem, type Exchange } from '#http/exchange.ts'
import { idempotencyKey } from '#http/headers.ts'
import { answerDoneList, requireRoomToAnswer } from '#http/large-answers.ts'
import type { Parts } from '#http/parts.ts'
import { pathIds, requirePossibleIds } from '#http/path-ids.ts'
import { malformedProblem, problemBody, RequestRefused, refusalProblem } from '#http/problems.ts'
import { type Act, isDryRun, objectIn, statusOf, whoAsks } from '#http/routes/commands.ts'
import type { Json, JsonObject } from '#values/json.ts'

const commandsMax = 1000

type Batch = Pick<BatchRequest, 'mode' | 'items' | 'commands'>

/** Takes a batch: one request, many commands of one ledger. */
export function takeBatch(parts: Parts): Act {
  return async (exchange) => {
    const { request } = exchange
    acceptable(request, ['application/json'])
    requireRoomToAnswer(parts)
    const body = await readBody(request, parts.intake, parts.limits.batchBytesMax)
    const dryRun = isDryRun(exchange)
    const batch = batchIn(body)
    const key = dryRun ? '' : idempotencyKey(request, 'batch')
    const ids = pathIds(request)
    await requirePossibleIds(parts, ids)
    const asked = { ...whoAsks(exchange), ...batch, ledgerId: ids['ledgerId'] ?? '', key }
    if (!dryRun) {
      const outcome = await parts.commandBus.executeBatch(asked)
      return answerBatch(parts, exchange, { outcome })
    }
    const { outcome, decidedOn } = await parts.commandBus.dryRunBatch(asked)
    return answerBatch(parts, exchange, { outcome, decidedOn, status: 200 })
  }
}

/** @throws {RequestRefused} for what is no batch, and for an atomic one with a malformed command. */
function batchIn(body: Body): Batch {
  const { mode, commands, ...unknown } = objectIn(body.value)
  const errors = shapeErrors(mode, commands, Object.keys(unknown))
  if (!isMode(mode) || !isList(commands) || errors.length > 0)
    throw new RequestRefused(malformedProblem(errors))
  const items = commands.map((item) => parseBatchItem(item))
  const malformed = items.flatMap(errorsOf)
  if (mode === 'atomic' && malformed.length > 0)
    throw new RequestRefused(malformedProblem(malformed))
  if (malformed.length === 0 && body.hasNumbers)
    throw new TypeError('a batch with a JSON number passed its schemas')
  return { mode, items, commands }
}

function shapeErrors(
  mode: Json | undefined,
  commands: Json | undefined,
  unknown: readonly string[],
): readonly InputProblem[] {
  const errors = unknown.map((name) => wrong(pointerTo([name]), 'this member is not known here'))
  if (!isMode(mode)) errors.push(wrong('/mode', 'is atomic or independent'))
  const count = isList(commands) ? commands.length : 0
  if (count < 1 || count > commandsMax)
    errors.push(wrong('/commands', `is a list of 1 to ${commandsMax} commands`))
  return errors
}

function isMode(mode: Json | undefined): mode is Batch['mode'] {
  return mode === 'atomic' || mode === 'independent'
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

function wrong(pointer: string, detail: string): InputProblem {
  return { pointer, code: 'validation-failed', detail }
}

function errorsOf(item: BatchItem, index: number): readonly InputProblem[] {
  if (!('malformed' in item)) return []
  return item.malformed.map((error) => ({
    ...error,
    pointer: `/commands/${index}${error.pointer}`,
  }))
}

type Answering = {
  readonly outcome: BatchOutcome
  readonly decidedOn?: bigint | undefined
  readonly status?: number
}

async function answerBatch(
  parts: Parts,
  exchange: Exchange,
  { outcome, decidedOn, status }: Answering,
): Promise<void> {
  const headers = { revision: outcome.revision ?? decidedOn, replayed: outcome.replayed }
  if (outcome.kind === 'refused')
    return answerProblem(exchange, refusalProblem(outcome), { headers })
  const atomic = outcome.mode === 'atomic'
  const items = outcome.items.map((item, index) => () => {
    return atomic ? resourceOf(item) : itemAnswer(item, index)
  })
  await answerDoneList(parts, exchange, { status: status ?? (atomic ? 201 : 200), items, headers })
}

/** All of an atomic batch was accepted, or none of it. */
function resourceOf(item: Outcome | MalformedItem): JsonObject {
  if ('malformed' in item || item.kind === 'refused')
    throw new TypeError('an atomic batch came out with an item that was not accepted')
  return item.data
}

function itemAnswer(item: Outcome | MalformedItem, index: number): JsonObject {
  if ('malformed' in item) {
    const problem = malformedProblem(item.malformed)
    return { index, status: problem.status, problem: problemBody(problem) }
  }
  const replayed = item.replayed ? true : undefined
  if (item.kind === 'accepted') return { index, status: statusOf(item), data: item.data, replayed }
  const problem = refusalProblem(item)
  return { index, status: problem.status, problem: problemBody(problem), replayed }
}
