import type { EventToAppend, ExpectedRevision } from '#ports/event-store.ts'

/** One append on its way to the worker: stream, expected revision ('' for none yet), then id, type and json of every event. */
export type AppendMessage = readonly string[]

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

/** Where the events begin in an `AppendMessage`, and how many strings each has. */
export const eventsAt = 2
export const stringsPerEvent = 3

export function appendMessage(
  stream: string,
  events: readonly EventToAppend[],
  expected: ExpectedRevision,
): AppendMessage {
  const message = [stream, expected === 'no-stream' ? '' : expected.toString()]
  for (const { id, type, json } of events) message.push(id, type, json)
  return message
}

export function isPosition(outcome: string): boolean {
  return /^\d+$/.test(outcome)
}
