import {
  canonicalParts,
  sealedJson,
  type RecordedEvent,
  type UnsealedEvent,
} from '#events/envelope.ts'
import { eventId } from '#events/event-id.ts'
import type { EventToAppend } from '#ports/event-store.ts'

/** An event ready to store: its bytes, their number, and the event with its id. */
export type SealedEvent = {
  readonly event: RecordedEvent
  readonly toAppend: EventToAppend
  readonly bytes: number
}

/** Gives an event its id, which no other content has. */
export function seal(unsealed: UnsealedEvent): SealedEvent {
  const parts = canonicalParts(unsealed)
  const id = eventId(parts.head + parts.tail)
  const json = sealedJson(parts, id)
  return {
    event: { ...unsealed, id },
    toAppend: { id, type: unsealed.type, json },
    bytes: Buffer.byteLength(json),
  }
}
