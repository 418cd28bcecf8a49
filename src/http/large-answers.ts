import {
  type AnswerHeaders,
  answerText,
  commonHeaders,
  type Exchange,
  jsonType,
} from '#http/exchange.ts'
import { overloaded } from '#http/intake.ts'
import { pacedWrite } from '#http/paced-write.ts'
import type { Room } from '#http/room.ts'
import { turn } from '#http/waiting.ts'
import { isJsonObject, type JsonObject } from '#values/json.ts'

/** Smaller answers are bounded by the number of connections. */
const largeBytes = 16 * 1024

/** Beyond so many parts (balances, assets, postings) the items of an answer are sent one by one. */
const partsMax = 10_000

/** What of the layer's parts it takes: `answers` is the room for large ones that their clients have not taken yet. */
type Answering = { readonly answers: Room }

/**
 * Answers what was asked for. A large answer takes up room until its client has taken it.
 * @throws {RequestRefused} 503 where there is no room for it.
 */
export function answerRead(
  { answers }: Answering,
  exchange: Exchange,
  answer: { readonly text: string; readonly headers?: AnswerHeaders },
): void {
  const bytes = largeSize(answer.text)
  if (bytes > 0 && !answers.take(bytes)) throw tooMuchWaits()
  giveBack(answers, exchange, bytes)
  answerText(exchange, 200, answer)
}

/** @throws {RequestRefused} where nothing is to be done whose answer may find no room. */
export function requireRoomToAnswer({ answers }: Answering): void {
  if (answers.isFull) throw tooMuchWaits()
}

/** Answers what was done, in any case. */
export function answerDone(
  { answers }: Answering,
  exchange: Exchange,
  {
    status,
    body,
    headers,
  }: { readonly status: number; readonly body: JsonObject; readonly headers: AnswerHeaders },
): void {
  const text = JSON.stringify(body)
  const bytes = largeSize(text)
  answers.takeAnyway(bytes)
  giveBack(answers, exchange, bytes)
  answerText(exchange, status, { text, headers })
}

/**
 * Answers what came of many commands, in any case. Where they are about ledgers or accounts with many assets, all of it may
 * be longer than any text: then each item is made when the client has taken those before it.
 */
export async function answerDoneList(
  answering: Answering & { readonly limits: { readonly downloadStallMs: number } },
  exchange: Exchange,
  {
    status,
    items,
    headers,
  }: {
    readonly status: number
    readonly items: readonly (() => JsonObject)[]
    readonly headers: AnswerHeaders
  },
): Promise<void> {
  const first = firstOf(items)
  if (first.length === items.length)
    return answerDone(answering, exchange, { status, body: { data: first }, headers })
  const { response } = exchange
  response.writeHead(status, { 'content-type': jsonType, ...commonHeaders(exchange, headers) })
  let separator = '{"data":['
  let written = 0
  for (const [index, make] of items.entries()) {
    const item = first[index] ?? make()
    const text = `${separator}${JSON.stringify(item)}`
    await pacedWrite(response, text, answering.limits.downloadStallMs)
    if (response.destroyed) return
    separator = ','
    written += partsOf(item)
    if (written < partsMax) continue
    // However fast the client takes them.
    await turn()
    written = 0
  }
  response.end(']}')
}

/** The first items, as far as the parts of an answer may go: all of them, or fewer. */
function firstOf(items: readonly (() => JsonObject)[]): readonly JsonObject[] {
  const first: JsonObject[] = []
  let parts = 0
  for (const make of items) {
    const item = make()
    parts += partsOf(item)
    if (parts > partsMax) break
    first.push(item)
  }
  return first
}

/** How many parts a resource, or an item with one, has. */
function partsOf(item: JsonObject): number {
  let parts = 0
  for (const name in item) {
    const value = item[name]
    if (Array.isArray(value)) parts += value.length
    else if (name === 'data' && isJsonObject(value)) parts += partsOf(value)
  }
  return parts
}

/** 0 for one that isn't large. */
function largeSize(text: string): number {
  return text.length < largeBytes ? 0 : Buffer.byteLength(text)
}

/** Once it was handed over, or the client is gone: at once where it was gone before, for a response closes only once. */
function giveBack(answers: Room, { response }: Exchange, bytes: number): void {
  if (bytes === 0) return
  if (response.closed) answers.give(bytes)
  else response.once('close', () => answers.give(bytes))
}

function tooMuchWaits() {
  return overloaded('too many answers wait for their clients to take them')
}
