import { readRun } from '#commands/handler/log-reader.ts'
import { ask } from '#http/ask.ts'
import { type EventFilter, isUnfiltered, passes } from '#http/log/event-filter.ts'
import type { Parts } from '#http/parts.ts'
import { RequestRefused } from '#http/problems.ts'
import { turn } from '#http/waiting.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import type { LedgerId } from '#values/ids.ts'
import type { Json } from '#values/json.ts'

/** Which events of which ledger, from after which revision on (-1: all). */
export type EventsAsked = {
  readonly ledgerId: LedgerId
  readonly filter: EventFilter
  readonly after: bigint
  readonly limit: number
}

/**
 * `upTo` is the last revision looked at: everything meant up to there is among `events` or came before. `isFull` where the
 * page ended because it had enough: to read on at once may be as much work again. Else next to nothing follows.
 */
export type EventPage = {
  readonly events: readonly StoredEvent[]
  readonly upTo: bigint
  readonly isFull: boolean
}

/** How many events one page looks through: it may be short, or empty, though more follow. */
const lookedAtMax = 2_000
const candidatesMax = 200

/** Fewer bytes than any log gives out at a time: a page that has them may have ended for that. */
const fullBytes = 256 * 1024

/**
 * The next events that are meant, in order, at most `limit`. What has to be looked through for them is read in pieces, with a
 * turn of the event loop between two.
 */
export async function readEvents(
  parts: Parts,
  asked: EventsAsked,
  nextTurn = turn,
): Promise<EventPage> {
  const { filter, limit } = asked
  if (isUnfiltered(filter)) return readNext(parts, asked)
  const events: StoredEvent[] = []
  let [upTo, isFull] = [asked.after, false]
  for (let lookedAt = 0; lookedAt < lookedAtMax; lookedAt += candidatesMax) {
    if (isFull) await nextTurn()
    const candidates = await readCandidates(parts, { ...asked, after: upTo })
    if (candidates.upTo === upTo) return { events, upTo, isFull: false }
    for (const event of candidates.events) {
      if (passes(filter, event)) events.push(event)
      if (events.length === limit) return { events, upTo: event.revision, isFull: true }
    }
    ;({ upTo, isFull } = candidates)
  }
  return { events, upTo, isFull }
}

async function readNext(
  { store, streamOf }: Parts,
  { ledgerId, after, limit }: EventsAsked,
): Promise<EventPage> {
  const events = await store.readStream(streamOf(ledgerId), after + 1n, limit)
  const isFull = events.length === limit || bytesOf(events) >= fullBytes
  return { events, upTo: events.at(-1)?.revision ?? after, isFull }
}

/** Events among which all are that are meant: those the read models name, or all that these have not taken in yet. */
async function readCandidates(parts: Parts, asked: EventsAsked): Promise<EventPage> {
  const { types, account } = asked.filter
  const limit = types !== undefined && account !== undefined ? candidatesMax : asked.limit
  const known = await revisionsOf(parts, { ...asked, limit })
  if (known.upTo === asked.after) return readNext(parts, { ...asked, limit: candidatesMax })
  const events = await readRevisions(parts, asked.ledgerId, known.revisions)
  return { events, upTo: known.upTo, isFull: known.isFull }
}

/** `upTo` is how far the read models were looked at, `isFull` where they have more. */
type Revisions = {
  readonly revisions: readonly bigint[]
  readonly upTo: bigint
  readonly isFull: boolean
}

/** None where the read models cannot say: the log itself can. */
async function revisionsOf(
  parts: Parts,
  { ledgerId, filter, after, limit }: EventsAsked,
): Promise<Revisions> {
  const { types, account } = filter
  const { accountEventRevisions, eventRevisionsByType } = parts.queries
  const query = account === undefined ? eventRevisionsByType : accountEventRevisions
  const which =
    account === undefined ? { types: [...(types ?? [])].join(',') } : { accountId: account }
  const parameters = query.parameters.parse({ ledgerId, ...which })
  const page = { limit, after: [after.toString()] }
  try {
    const { answer, revision } = await ask(parts, { query, parameters, ledgerId, page })
    if (answer.kind !== 'page') throw new TypeError('revisions are answered in pages')
    const revisions = revisionsIn(answer.data)
    const isFull = answer.next !== null
    const whole = isFull ? after : (revision ?? after)
    return { revisions, upTo: [whole, revisions.at(-1) ?? after].reduce(later, after), isFull }
  } catch (error) {
    if (error instanceof RequestRefused) return { revisions: [], upTo: after, isFull: false }
    throw error
  }
}

function bytesOf(events: readonly StoredEvent[]): number {
  return events.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0)
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function revisionsIn(data: Json): readonly bigint[] {
  return Array.isArray(data) ? data.map((revision) => BigInt(String(revision))) : []
}

/** Reads single revisions, those that follow each other together. */
async function readRevisions(
  { store, streamOf }: Parts,
  ledgerId: LedgerId,
  revisions: readonly bigint[],
): Promise<readonly StoredEvent[]> {
  const runs: { from: bigint; count: number }[] = []
  for (const revision of revisions) {
    const last = runs.at(-1)
    if (last !== undefined && last.from + BigInt(last.count) === revision) last.count += 1
    else runs.push({ from: revision, count: 1 })
  }
  const stream = streamOf(ledgerId)
  const read = await Promise.all(runs.map((run) => readRun(store, stream, run)))
  return read.flat()
}
