import { hash } from 'node:crypto'
import { CheckedBooks } from '#test/support/history-checker-books.ts'
import { type LoggedEvent, readLog } from '#test/support/history-checker-events.ts'
import {
  checkReadModels,
  readModels,
  type ShownModels,
} from '#test/support/history-checker-read-models.ts'
import type { ApiClient } from '#test/support/http-client.ts'
import type { Json, JsonObject } from '#values/json.ts'

/** One command that was sent: alone, or as an item of a batch, under the key that its event has to carry. */
export type SentCommand = {
  readonly key: string
  /** `{command, …ids of the path, …body}`, as sent. */
  readonly request: JsonObject
}

/** What a client sent in one request, and what it was told; nothing where no answer came. */
export type Attempt = {
  readonly ledgerId: string
  /** The key of the request. */
  readonly key: string
  readonly commands: readonly SentCommand[]
  readonly isAtomic: boolean
  acknowledged?: Acknowledgement
}

/** `outcomes` has the status of each command. */
export type Acknowledgement = {
  readonly status: number
  readonly revision: bigint | undefined
  readonly outcomes: readonly number[]
}

/**
 * Everything in which the log of one ledger contradicts itself, what was sent, or what was acknowledged; nothing where
 * all is well. `attempts` are all that ever were made on the ledger.
 */
export function checkHistory(
  events: readonly LoggedEvent[],
  attempts: readonly Attempt[],
): readonly string[] {
  const books = new CheckedBooks()
  for (const event of events) books.apply(event)
  books.checkWhole()
  return [...books.violations, ...checkKeys(events, attempts), ...checkAnswers(events, attempts)]
}

/** Reads a ledger whole, over HTTP, and checks its log and all of its read models. */
export async function checkLedger(
  api: ApiClient,
  ledgerId: string,
  attempts: readonly Attempt[],
): Promise<readonly string[]> {
  const { events, shown } = await readLedger(api, ledgerId)
  const own = attempts.filter((attempt) => attempt.ledgerId === ledgerId)
  return [...checkHistory(events, own), ...checkReadModels(events, shown)]
}

/** The log and the read models of one moment: read again where holds expired meanwhile. */
export async function readLedger(
  api: ApiClient,
  ledgerId: string,
): Promise<{ readonly events: readonly LoggedEvent[]; readonly shown: ShownModels }> {
  for (let tries = 0; tries < readingsMax; tries += 1) {
    const events = await readLog(api, ledgerId)
    const shown = await readModels(api, ledgerId, BigInt(events.length - 1))
    const { revision } = await api.get(`/v1/ledgers/${ledgerId}/events?limit=1`)
    if (revision === BigInt(events.at(-1)?.revision ?? -1)) return { events, shown }
  }
  throw new Error(`${ledgerId} does not come to rest`)
}

const readingsMax = 20

/** One effect per key, and none that nobody asked for. */
function checkKeys(
  events: readonly LoggedEvent[],
  attempts: readonly Attempt[],
): readonly string[] {
  const sent = new Map(attempts.flatMap(({ commands }) => commands).map((each) => [each.key, each]))
  const wholes = new Set(attempts.filter(({ isAtomic }) => isAtomic).map(({ key }) => key))
  const seen = new Map<string, string>()
  const violations: string[] = []
  for (const { revision, actor, idempotency } of events) {
    const { key, fingerprint } = idempotency
    const before = seen.get(key)
    if (before !== undefined)
      violations.push(`key ${key} has two effects: revisions ${before} and ${revision}`)
    seen.set(key, revision)
    if (actor.startsWith('daybook:') && key.startsWith('daybook:')) continue
    const command = sent.get(key)
    if (command === undefined && !wholes.has(key))
      violations.push(`revision ${revision} has key ${key}, under which nothing was sent`)
    if (command !== undefined && fingerprintOf(command.request) !== fingerprint)
      violations.push(`revision ${revision} has the fingerprint of something else than was sent`)
  }
  return violations
}

/** What was acknowledged is there, where it was said to be, as what it was said to be. */
function checkAnswers(
  events: readonly LoggedEvent[],
  attempts: readonly Attempt[],
): readonly string[] {
  const byKey = new Map(events.map((event) => [event.idempotency.key, event]))
  return attempts.flatMap(({ key, commands, isAtomic, acknowledged }) => {
    if (acknowledged === undefined) return []
    if (isAtomic && acknowledged.status >= 400)
      return commands
        .filter((command) => byKey.has(command.key))
        .map((command) => `${command.key} has an effect, its batch ${key} was refused`)
    const last = commands.at(-1)?.key
    return commands.flatMap((command, index) => {
      const event = byKey.get(command.key)
      const told = { status: acknowledged.outcomes[index] ?? acknowledged.status, command }
      const revision = command.key === last ? acknowledged.revision : undefined
      return checkAnswer(event, told, commands.length === 1 ? acknowledged.revision : revision)
    })
  })
}

function checkAnswer(
  event: LoggedEvent | undefined,
  { status, command }: { readonly status: number; readonly command: SentCommand },
  revision: bigint | undefined,
): readonly string[] {
  const name = `${command.key} (${JSON.stringify(command.request['command'])})`
  if (status >= 400 && revision === undefined && event === undefined) return []
  if (event === undefined) return [`${name} was acknowledged with ${status} and is lost`]
  const isRefusal = event.type === 'CommandRejected'
  if (isRefusal !== status >= 400)
    return [`${name} was answered with ${status}, the log has a ${event.type}`]
  if (isRefusal && event.data.status !== status)
    return [`${name} was answered with ${status}, the log says ${event.data.status}`]
  if (revision !== undefined && BigInt(event.revision) !== revision)
    return [`${name} was acknowledged at revision ${revision}, it is at ${event.revision}`]
  return []
}

/** SHA-256 of the RFC 8785 form, as the contract says, by other means than the program's. */
function fingerprintOf(request: JsonObject): string {
  return hash('sha256', canonical(request), 'hex')
}

function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(',')}}`
}
