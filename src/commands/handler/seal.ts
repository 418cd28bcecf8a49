import { hash } from 'node:crypto'
import {
  canonicalParts,
  sealedJson,
  type RecordedEvent,
  type UnsealedEvent,
} from '#events/envelope.ts'
import type { EventToAppend } from '#ports/event-store.ts'

// The namespace of Daybook's event ids (RFC 9562 §5.5): a fixed random UUID, made once.
const namespace = Buffer.from('5f0c7f0a3c8e4d0e9a52b1d6c7e83f14', 'hex')

/** An event ready to store: its bytes, their number, and the event with its id. */
export type SealedEvent = {
  readonly event: RecordedEvent
  readonly toAppend: EventToAppend
  readonly bytes: number
}

/** Gives an event its id: UUIDv5 of the SHA-256 of the canonical envelope without it, so that no id stands for two contents. */
export function seal(unsealed: UnsealedEvent): SealedEvent {
  const parts = canonicalParts(unsealed)
  const id = uuidv5(hash('sha256', parts.head + parts.tail, 'buffer'))
  const json = sealedJson(parts, id)
  return {
    event: { ...unsealed, id },
    toAppend: { id, type: unsealed.type, json },
    bytes: Buffer.byteLength(json),
  }
}

/** RFC 9562 §5.5 over raw bytes as the name. */
function uuidv5(name: Buffer): string {
  const digest = hash('sha1', Buffer.concat([namespace, name]), 'buffer')
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6)
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = digest.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
