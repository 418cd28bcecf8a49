import { describe, expect, it } from 'vitest'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { depositing, openedBooks, paying } from '#test/support/write-side.ts'

const expiresAt = '2026-03-01T12:10:00.000Z'

/** Alice has 100, all of it held in hold 6 for ten minutes. */
async function withHold() {
  const store = new MemoryEventStore()
  const side = await openedBooks({ store })
  await side.ask('PostTransaction', depositing('100'))
  await side.ask('PlaceHold', { ...paying('100'), expiresAt })
  const expire = (at = expiresAt) =>
    side.ask('ExpireHold', { holdId: '6' }, { key: `daybook:expire:6:${at}` })
  return { store, side, expire, before: store.appends.length }
}

describe('the program’s own ExpireHold', () => {
  it('writes nothing where it is not due, not even a refusal, and keeps its key', async () => {
    const { store, side, expire, before } = await withHold()
    side.clock.pass(599_999)
    expect(await expire()).toMatchObject({ kind: 'refused', code: 'not-due' })
    expect(store.appends.length).toBe(before)
    side.clock.pass(1)
    expect(await expire()).toMatchObject({ kind: 'accepted', event: 'HoldExpired', revision: 7n })
  })

  it('expires a hold once, whoever asks and how often', async () => {
    const { side, expire } = await withHold()
    side.clock.pass(600_000)
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => expire()))
    expect(outcomes.every(({ revision }) => revision === 7n)).toBe(true)
    expect(await side.types(7n)).toEqual(['HoldExpired'])
    expect(await side.ask('PostTransaction', paying('100'))).toMatchObject({ kind: 'accepted' })
  })

  it('leaves a hold alone that was extended, and finds it when that is over', async () => {
    const { side, expire } = await withHold()
    const later = '2026-03-01T12:20:00.000Z'
    await side.ask('ExtendHold', { holdId: '6', expiresAt: later })
    side.clock.pass(600_000)
    expect(await expire()).toMatchObject({ code: 'not-due' })
    side.clock.pass(600_000)
    expect(await expire(later)).toMatchObject({ kind: 'accepted' })
  })

  it('loses the race with a capture, and writes nothing then', async () => {
    const { side, expire } = await withHold()
    side.clock.pass(599_999)
    await side.ask('CaptureHold', { holdId: '6' })
    side.clock.pass(1)
    expect(await expire()).toMatchObject({ code: 'not-due' })
    expect(await side.types(7n)).toEqual(['HoldCaptured'])
  })
})
