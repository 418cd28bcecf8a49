import { eventId } from '#events/event-id.ts'
import { canonicalParts, type RecordedEvent, sealedJson } from '#events/envelope.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import { canonicalJson } from '#values/canonical-json.ts'
import type { JsonObject } from '#values/json.ts'

/** An event as a store gives it back, under the id that its content makes; its position, where a test doesn't care, is its revision. */
export function stored(event: RecordedEvent, position = event.revision): StoredEvent {
  const { ledgerId, revision, type } = event
  const parts = canonicalParts(event)
  const json = sealedJson(parts, eventId(parts.head + parts.tail))
  return { stream: ledgerStream(ledgerId), revision, position, type, json }
}

/** The event as if its text had been written otherwise: under the id that the new bytes make. */
export function rewritten(
  event: StoredEvent,
  change: (json: string) => string,
): StoredEvent & { readonly id: string } {
  const { id: _, ...rest }: JsonObject & { type: string } = JSON.parse(change(event.json))
  const id = eventId(canonicalJson(rest))
  return { ...event, id, type: rest.type, json: canonicalJson({ ...rest, id }) }
}

/** The part of a log that a projector reads, over events that may still be added to. */
export function streamsOf(log: readonly StoredEvent[]): Pick<EventStore, 'readStream'> {
  return {
    readStream: async (stream, from, limit) =>
      log.filter((event) => event.stream === stream && event.revision >= from).slice(0, limit),
  }
}
