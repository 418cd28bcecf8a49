import type { z } from 'zod'
import { commandNamed } from '#commands/catalogue.ts'
import type { Command } from '#commands/command.ts'
import { isJsonObject, type Json, type JsonObject } from '#values/json.ts'

/** One command of a batch: parsed, or malformed and then answered in its place. */
export type BatchItem = ParsedItem | MalformedItem

/** `request` is `{command, …path ids, …body}` as sent: what is fingerprinted, and recorded with a refusal. */
export type ParsedItem = {
  readonly command: string
  readonly input: unknown
  readonly request: JsonObject
  /** The item's own idempotency key, where it has one. */
  readonly key?: string
}

export type MalformedItem = { readonly malformed: readonly InputProblem[] }

/** What is wrong with which member: an RFC 6901 pointer, a stable code and a sentence. */
export type InputProblem = {
  readonly pointer: string
  readonly code: 'invalid-amount' | 'validation-failed'
  readonly detail: string
}

/** Checks a request's path ids and body (in one object) against the command's schema. */
export function parseCommand(name: string, members: JsonObject): BatchItem {
  const command = commandNamed(name)
  if (command === undefined) return unknownCommand(name)
  return parseWith(command, members)
}

/** Checks one item of a batch or one row of an import: the request's members, `command`, perhaps `idempotencyKey`. */
export function parseBatchItem(item: Json): BatchItem {
  if (!isJsonObject(item)) return malformed('', 'a command is an object')
  const { command: name, idempotencyKey: key, ...members } = item
  if (typeof name !== 'string')
    return malformed('/command', 'names the command, e.g. PostTransaction')
  if (notInBatches.has(name)) return unknownCommand(name)
  if (key !== undefined && !isClientKey(key)) return malformed('/idempotencyKey', keyRule)
  const parsed = parseCommand(name, members)
  return 'malformed' in parsed || key === undefined ? parsed : { ...parsed, key }
}

/** A ledger is opened by itself; holds are expired by the program alone. */
const notInBatches: ReadonlySet<string> = new Set(['OpenLedger', 'ExpireHold'])

const keyRule =
  'a key is 1 to 255 printable ASCII characters, does not begin with daybook: and does not end with / and digits'

/** Whether a client may use this text as an idempotency key. */
export function isClientKey(key: unknown): key is string {
  return (
    typeof key === 'string' &&
    /^[\x20-\x7e]{1,255}$/.test(key) &&
    !key.startsWith('daybook:') &&
    !/\/\d+$/.test(key)
  )
}

function parseWith(command: Command<unknown>, members: JsonObject): BatchItem {
  const parsed = command.schema.safeParse(members)
  if (!parsed.success)
    return { malformed: parsed.error.issues.flatMap((issue) => problemsOf(issue, members)) }
  return {
    command: command.name,
    input: parsed.data,
    request: { command: command.name, ...members },
  }
}

function unknownCommand(name: string): MalformedItem {
  return malformed('/command', `there is no command ${JSON.stringify(name.slice(0, 64))}`)
}

function malformed(pointer: string, detail: string): MalformedItem {
  return { malformed: [{ pointer, code: 'validation-failed', detail }] }
}

/** What one issue of a schema says, in the words of the API. */
export function problemsOf(issue: z.core.$ZodIssue, members: JsonObject): readonly InputProblem[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => problem([...path, key], 'this member is not known here'))
  const missing = valueAt(members, path) === undefined
  if (missing) return [problem(path, 'this member is required')]
  if (issue.code === 'invalid_key')
    return issue.issues.map(({ message }) => problem(path, `a name here: ${message}`))
  const isAmount = issue.code === 'custom' && issue.params?.['amount'] === true
  return [{ ...problem(path, issue.message), ...(isAmount && { code: 'invalid-amount' as const }) }]
}

function problem(path: readonly string[], detail: string): InputProblem {
  return { pointer: pointerTo(path), code: 'validation-failed', detail }
}

/** The RFC 6901 pointer to what stands at a path of names and indexes; well-formed, whatever was sent. */
export function pointerTo(path: readonly string[]): string {
  const pointer = path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  return pointer.join('').toWellFormed()
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, name)
        ? Reflect.get(at, name)
        : undefined,
    value,
  )
}
