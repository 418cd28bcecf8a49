import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seal } from '#commands/handler/seal.ts'
import { canonicalParts, sealedJson, type UnsealedEvent } from '#events/envelope.ts'
import { decodeEvent } from '#events/decode.ts'
import { ledgerOfStream, ledgerStream } from '#events/stream-names.ts'
import { commandRejected, ledgerOpened, transactionPosted } from '#test/support/examples.ts'
import { canonicalJson } from '#values/canonical-json.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const batch = fc.record({
  key: text,
  fingerprint: text,
  index: fc.nat(999),
  size: fc.nat(1000),
})

/** Any envelope around one of three facts. */
const anyUnsealed: fc.Arbitrary<UnsealedEvent> = fc
  .record({
    fact: fc.oneof(
      fc
        .record({ name: text, note: text })
        .map(({ name, note }) => ledgerOpened({ name, metadata: { note } })),
      fc.constant(transactionPosted()),
      fc
        .dictionary(text, fc.oneof(text, fc.integer()), { noNullPrototype: true })
        .map((context) => commandRejected({ context })),
    ),
    revision: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    actor: text,
    correlationId: text,
    causationId: text,
    writer: text,
    idempotency: fc.oneof(
      fc.record({ key: text, fingerprint: text }),
      fc.record({ key: text, fingerprint: text, batch }),
    ),
  })
  .map(({ fact, ...fields }) => {
    const { id: _, ...unsealed } = { ...fact, ...fields }
    return unsealed
  })

describe('the canonical parts of an envelope', () => {
  it('make the canonical JSON of the whole, with the id and without', () => {
    fc.assert(
      fc.property(anyUnsealed, text, (event, id) => {
        const parts = canonicalParts(event)
        const whole = { ...event, revision: event.revision.toString() }
        expect(parts.head + parts.tail).toBe(canonicalJson(whole))
        expect(sealedJson(parts, id)).toBe(canonicalJson({ ...whole, id }))
      }),
    )
  })
})

describe('a sealed event', () => {
  it('is stored in bytes that decode to it', () => {
    fc.assert(
      fc.property(anyUnsealed, (unsealed) => {
        const { event, toAppend, bytes } = seal(unsealed)
        expect(decodeEvent(toAppend.json)).toEqual(event)
        expect(toAppend).toMatchObject({ id: event.id, type: event.type })
        expect(bytes).toBe(new TextEncoder().encode(toAppend.json).length)
      }),
    )
  })

  it('has a version 5 UUID (RFC 9562 §5.5) that follows from its contents alone', () => {
    fc.assert(
      fc.property(anyUnsealed, (unsealed) => {
        const { id } = seal(unsealed).event
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(seal(structuredClone(unsealed)).event.id).toBe(id)
      }),
    )
  })

  it('has another id where anything is different, also only the writer', () => {
    const { id: _, ...unsealed } = transactionPosted()
    const ids = [
      unsealed,
      { ...unsealed, writer: 'writer-2' },
      { ...unsealed, revision: 1n },
      { ...unsealed, data: { ...unsealed.data, description: 'x' } },
      { ...unsealed, idempotency: { ...unsealed.idempotency, key: 'other' } },
    ].map((event) => seal(event).event.id)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('the stream of a ledger', () => {
  it('is named for it, and no other stream is taken for one', () => {
    expect(ledgerStream('acme')).toBe('ledger-acme')
    expect(ledgerOfStream('ledger-acme')).toBe('acme')
    expect(ledgerOfStream('daybook-relay')).toBeUndefined()
  })
})
