import { hash } from 'node:crypto'
import {
  canonicalParts,
  sealedJson,
  type RecordedEvent,
  type UnsealedEvent,
} from '#events/envelope.ts'
import type { EventToAppend } from '#ports/event-store.ts'

// The namespace of Daybook's event ids (RFC 9562 §5.5): a fixed random UUID, made once. Room for a name follows it.
const named = Buffer.alloc(16 + 32)
named.write('5f0c7f0a3c8e4d0e9a52b1d6c7e83f14', 'hex')

/** An event ready to store: its bytes, their number, and the event with its id. */
export type SealedEvent = {
  readonly event: RecordedEvent
  readonly toAppend: EventToAppend
  readonly bytes: number
}

/** Gives an event its id: UUIDv5 of the SHA-256 of the canonical envelope without it, so that no id stands for two contents. */
export function seal(unsealed: UnsealedEvent): SealedEvent {
  const parts = canonicalParts(unsealed)
  const id = uuidv5(hash('sha256', parts.head + parts.tail))
  const json = sealedJson(parts, id)
  return {
    event: { ...unsealed, id },
    toAppend: { id, type: unsealed.type, json },
    bytes: Buffer.byteLength(json),
  }
}

/** RFC 9562 §5.5 with the 32 bytes of a SHA-256, in hex, as the name. Measured: digests in hex cost half of buffers. */
function uuidv5(name: string): string {
  named.write(name, 16, 'hex')
  const hex = hash('sha1', named)
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
