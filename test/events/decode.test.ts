import { describe, expect, it } from 'vitest'
import { decodeEvent } from '#events/decode.ts'
import { currentVersions, isEventType } from '#events/ledger-event.ts'
import { UndecodableEvent } from '#events/lift.ts'
import { accountFrozen, transactionPosted } from '#test/support/examples.ts'
import { stored } from '#test/support/stored-events.ts'
import type { JsonObject } from '#values/json.ts'

const recorded = transactionPosted({}, { revision: 7n })
const { json } = stored(recorded)
const event = { ...recorded, id: idIn(json) }

/** The id that its content made. */
function idIn(text: string): string {
  const { id }: { id: string } = JSON.parse(text)
  return id
}

/** The stored event with some members of the envelope changed; `undefined` takes one away. */
function changed(members: JsonObject): string {
  const whole: JsonObject = JSON.parse(json)
  return JSON.stringify({ ...whole, ...members })
}

describe('a stored event', () => {
  it('comes back as it was recorded', () => {
    expect(decodeEvent(json)).toEqual(event)
    expect(decodeEvent(json).revision).toBe(7n)
  })

  it('keeps what its batch was', () => {
    const batch = { key: 'K', fingerprint: 'e'.repeat(64), index: 3, size: 5 }
    const idempotency = { key: 'K/3', fingerprint: 'f'.repeat(64), batch }
    const ofBatch = accountFrozen({}, { revision: 8n, idempotency })
    const { json: text } = stored(ofBatch)
    expect(decodeEvent(text)).toEqual({ ...ofBatch, id: idIn(text) })
  })

  it('may have members that a later program added', () => {
    expect(decodeEvent(changed({ seal: 'x' }))).toMatchObject({ revision: 7n })
  })
})

describe('what is no event of this program', () => {
  it.each(['', 'x', '{', 'null', '7', '"{}"', '[]', '{}'])('is refused: %s', (text) => {
    expect(() => decodeEvent(text)).toThrow(UndecodableEvent)
  })

  it.each([
    'id',
    'type',
    'schemaVersion',
    'ledgerId',
    'revision',
    'recordedAt',
    'actor',
    'correlationId',
    'causationId',
    'writer',
    'idempotency',
    'data',
  ])('is refused without %s', (member) => {
    expect(() => decodeEvent(changed({ [member]: undefined }))).toThrow(UndecodableEvent)
  })

  it.each([
    { revision: 7 },
    { revision: '07' },
    { revision: '-1' },
    { revision: '7.0' },
    { schemaVersion: 0 },
    { schemaVersion: 1.5 },
    { schemaVersion: '1' },
    { data: [] },
    { data: null },
    { idempotency: { key: 'k' } },
    { recordedAt: 7 },
  ])('is refused with %j', (members) => {
    expect(() => decodeEvent(changed(members))).toThrow(UndecodableEvent)
  })

  it('is refused for a type that is not known, saying where it stands', () => {
    expect(() => decodeEvent(changed({ type: 'AccountVanished' }))).toThrow(
      'unknown event type AccountVanished version 1 at acme revision 7',
    )
    expect(() => decodeEvent(changed({ type: 'toString' }))).toThrow(UndecodableEvent)
  })

  it('is refused where it is newer than this program', () => {
    const schemaVersion = currentVersions.TransactionPosted + 1
    expect(() => decodeEvent(changed({ schemaVersion }))).toThrow(/newer than this program/)
  })
})

describe('the names of events', () => {
  it('are those that are written', () => {
    expect(isEventType('HoldPlaced')).toBe(true)
    expect(isEventType('holdPlaced')).toBe(false)
    expect(isEventType('constructor')).toBe(false)
  })
})
