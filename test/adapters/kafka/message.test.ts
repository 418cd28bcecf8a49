import type { IHeaders } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { eventOf, messageOf } from '#adapters/kafka/message.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { aLog } from '#test/adapters/kafka/topics.ts'
import { accountFrozen } from '#test/support/examples.ts'
import { stored } from '#test/support/stored-events.ts'

/** As a broker gives a record back: everything is bytes. */
function received(event: StoredEvent) {
  const { key, value, headers = {} } = messageOf(event, 0)
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(String(text))])
  const headerBytes: IHeaders = Object.fromEntries(bytes)
  return { key: Buffer.from(String(key)), value: Buffer.from(String(value)), headers: headerBytes }
}

const event = aLog().next('acme')

function idIn(json: string): string {
  const { id }: { id: string } = JSON.parse(json)
  return id
}

describe('a record', () => {
  it('tells of an event what consumers want without parsing', () => {
    const frozen = stored(accountFrozen({}, { ledgerId: 'acme', revision: 7n }), 4_711n)
    expect(messageOf(frozen, 3)).toEqual({
      key: 'acme',
      value: frozen.json,
      partition: 3,
      headers: {
        type: 'AccountFrozen',
        revision: '7',
        position: '4711',
        crc32: expect.stringMatching(/^[0-9a-f]{8}$/),
        'event-id': idIn(frozen.json),
        'schema-version': '1',
        'correlation-id': 'correlation-7',
      },
    })
  })

  it('tells what stands in the envelope, not what looks like it in the data or in an escaped text', () => {
    const correlationId = 'a "quoted" \\ "id":"no" one'
    const metadata = {
      id: 'not this',
      correlationId: 'nor this',
      schemaVersion: '9',
      note: '"id":"x',
    }
    const odd = accountFrozen({}, { ledgerId: 'acme', revision: 7n, correlationId })
    const json = JSON.stringify({ ...JSON.parse(stored(odd).json), data: { metadata } })
    expect(messageOf({ ...stored(odd), json }, 0).headers).toMatchObject({
      'event-id': idIn(stored(odd).json),
      'schema-version': '1',
      'correlation-id': correlationId,
    })
  })

  it('gives the event back, byte for byte', () => {
    const odd = { ...event, json: '{"correlationId":"grüß dich, 東京 🎌","id":"x"}' }
    expect(eventOf(received(odd))).toEqual(odd)
    expect(eventOf(received({ ...event, position: 2n ** 62n }))?.position).toBe(2n ** 62n)
  })

  it('is made of what is no envelope, too', () => {
    const headers = (json: string) => Object.keys(messageOf({ ...event, json }, 0).headers ?? {})
    for (const json of ['[]', 'null', '7', '{', '{"id":{}}'])
      expect(headers(json)).toEqual(['type', 'revision', 'position', 'crc32'])
  })

  it("is not made of the program's own events", () => {
    expect(() => messageOf({ ...event, stream: 'daybook-relay' }, 0)).toThrow('holds no ledger')
  })
})

describe('a record that was damaged', () => {
  it('is none of ours, whichever bit of it was flipped', () => {
    for (const part of ['key', 'value'] as const) {
      const whole = received(event)
      for (let bit = 0; bit < whole[part].length * 8; bit += 1)
        expect(eventOf({ ...whole, [part]: flipped(whole[part], bit) })).toBeUndefined()
    }
    for (const name of ['type', 'revision', 'position', 'crc32']) {
      const whole = received(event)
      const bytes = Buffer.from(String(whole.headers[name]))
      for (let bit = 0; bit < bytes.length * 8; bit += 1)
        expect(
          eventOf({ ...whole, headers: { ...whole.headers, [name]: flipped(bytes, bit) } }),
        ).toBeUndefined()
    }
  })
})

describe('a record of somebody else', () => {
  it.each([
    { key: null },
    { key: Buffer.from('Not A Ledger') },
    { value: null },
    { headers: {} },
    { headers: undefined },
    { headers: { ...received(event).headers, revision: Buffer.from('-1') } },
    { headers: { ...received(event).headers, revision: Buffer.from('1e3') } },
    { headers: { ...received(event).headers, position: undefined } },
    { headers: { ...received(event).headers, type: [Buffer.from('a'), Buffer.from('b')] } },
    { headers: { ...received(event).headers, crc32: undefined } },
  ])('is none of ours: %o', (difference) => {
    const { key, value, headers } = { ...received(event), ...difference }
    expect(eventOf({ key, value, ...(headers && { headers }) })).toBeUndefined()
  })
})

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  const at = bit >> 3
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << (bit & 7)), at)
  return copy
}
