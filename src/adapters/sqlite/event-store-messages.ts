import type { EventToAppend, ExpectedRevision } from '#ports/event-store.ts'

/**
 * One append on its way to the worker: stream, expected revision ('' for none yet), then the ids, the types and the JSON of
 * all its events, each in one string. Measured: a string costs more to hand over than what is in it.
 */
export type AppendMessage = readonly [
  stream: string,
  expected: string,
  ids: string,
  types: string,
  jsons: string,
]

/** The appends of one COMMIT; `close` ends the worker. Strings and plain arrays alone: objects are slow to clone. */
export type ToWorker = readonly AppendMessage[] | 'close'

/**
 * What became of the appends of one COMMIT: each one's outcome, or one fate of them all. `unavailable` is certainly
 * not stored, `unknown` may be.
 */
export type FromWorker =
  | readonly ['ready']
  | readonly ['committed', readonly string[]]
  | readonly ['unavailable', string]
  | readonly ['unknown', string]

/** The outcome of one append: a position in decimal, this, or else the reason why it cannot be stored. */
export const wrongRevision = 'wrong-revision'

/** In none of the texts: JSON escapes it, and SQLite would end a text there. */
const between = '\u0000'

/** @throws {TypeError} for an event with U+0000 in it. */
export function appendMessage(
  stream: string,
  events: readonly EventToAppend[],
  expected: ExpectedRevision,
): AppendMessage {
  const joined = (name: 'id' | 'type' | 'json') => events.map((event) => event[name]).join(between)
  for (const { id, type, json } of events)
    if (id.includes(between) || type.includes(between) || json.includes(between))
      throw new TypeError('an event has U+0000 in it')
  const after = expected === 'no-stream' ? '' : expected.toString()
  return [stream, after, joined('id'), joined('type'), joined('json')]
}

/** The events of an append, in order. */
export function eventsIn([, , ids, types, jsons]: AppendMessage): readonly EventToAppend[] {
  const [id, type, json] = [ids.split(between), types.split(between), jsons.split(between)]
  return json.map((text, index) => ({ id: id[index] ?? '', type: type[index] ?? '', json: text }))
}

export function isPosition(outcome: string): boolean {
  return /^\d+$/.test(outcome)
}
