import { eventId } from '#events/event-id.ts'
import { canonicalParts, type RecordedEvent, sealedJson } from '#events/envelope.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'

/** An event as a store gives it back, under the id that its content makes; its position, where a test doesn't care, is its revision. */
export function stored(event: RecordedEvent, position = event.revision): StoredEvent {
  const { ledgerId, revision, type } = event
  const parts = canonicalParts(event)
  const json = sealedJson(parts, eventId(parts.head + parts.tail))
  return { stream: ledgerStream(ledgerId), revision, position, type, json }
}

/** The part of a log that a projector reads, over events that may still be added to. */
export function streamsOf(log: readonly StoredEvent[]): Pick<EventStore, 'readStream'> {
  return {
    readStream: async (stream, from, limit) =>
      log.filter((event) => event.stream === stream && event.revision >= from).slice(0, limit),
  }
}
