import { describe, expect, it } from 'vitest'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import {
  depositing,
  item,
  openAcme,
  openedBooks,
  paying,
  WriteSide,
} from '#test/support/write-side.ts'

describe('commands that arrive together', () => {
  it('go out as one append, in order of arrival', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const before = store.appends.length
    const amounts = Array.from({ length: 200 }, (_, index) => String(index + 1))
    const outcomes = await Promise.all(
      amounts.map((amount) => side.ask('PostTransaction', depositing(amount))),
    )
    expect(store.appends.length - before).toBe(1)
    expect(outcomes.map(({ revision }) => revision)).toEqual(
      amounts.map((_, index) => BigInt(index) + 5n),
    )
    const posted = (await side.events()).slice(5)
    expect(
      posted.map((event) => ('postings' in event.data ? event.data.postings[0]?.amount : '')),
    ).toEqual(amounts)
  })

  it('share the time at which they were decided', async () => {
    await using side = await openedBooks()
    side.clock.pass(1234)
    await Promise.all([1, 2, 3].map(() => side.ask('PostTransaction', depositing('1'))))
    const times = (await side.events()).slice(5).map(({ recordedAt }) => recordedAt)
    expect(new Set(times)).toEqual(new Set(['2026-03-01T12:00:01.234Z']))
  })

  it('see what those before them did', async () => {
    await using side = await openedBooks()
    const [deposit, spend, again] = await Promise.all([
      side.ask('PostTransaction', depositing('100')),
      side.ask('PostTransaction', paying('100')),
      side.ask('PostTransaction', paying('1')),
    ])
    expect([deposit, spend, again]).toMatchObject([
      { kind: 'accepted' },
      { kind: 'accepted' },
      { kind: 'refused', code: 'insufficient-funds' },
    ])
  })

  it('of several ledgers go out each in its own stream', async () => {
    const store = new MemoryEventStore()
    await using side = new WriteSide({ store })
    const names = ['a', 'b', 'c']
    await Promise.all(
      names.map((ledgerId) => side.ask('OpenLedger', { ...openAcme, ledgerId }, { ledgerId })),
    )
    expect(store.appends.map(({ stream }) => stream).toSorted()).toEqual([
      'ledger-a',
      'ledger-b',
      'ledger-c',
    ])
  })
})

describe('commands that arrive during an append', () => {
  it('wait for it and go out together in the next', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const before = store.appends.length
    const release = store.hold()
    const first = side.ask('PostTransaction', depositing('1'))
    await turns()
    const others = Array.from({ length: 50 }, () => side.ask('PostTransaction', depositing('1')))
    await turns()
    release()
    await Promise.all([first, ...others])
    expect(store.appends.slice(before).map(({ events }) => events.length)).toEqual([1, 50])
  })

  it('are answered only after theirs is durable', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const release = store.hold()
    const asked = side.ask('PostTransaction', depositing('1'))
    const answered = await Promise.race([asked, turns()])
    expect([answered, store.appends.length]).toEqual([undefined, 6])
    release()
    expect(await asked).toMatchObject({ kind: 'accepted' })
  })
})

describe('an append', () => {
  it('expects exactly the revision that the books have', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    await side.ask('PostTransaction', depositing('1'))
    expect(store.appends.map(({ expected }) => expected)).toEqual(['no-stream', 0n, 1n, 2n, 3n, 4n])
  })

  it('has at most 500 events', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const before = store.appends.length
    await Promise.all(
      Array.from({ length: 1201 }, () => side.ask('PostTransaction', depositing('1'))),
    )
    expect(store.appends.slice(before).map(({ events }) => events.length)).toEqual([500, 500, 201])
  })

  it('has at most 512 KiB', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const before = store.appends.length
    const postings = Array.from({ length: 400 }, () => depositing('1').postings).flat()
    const asked = Array.from({ length: 40 }, () => side.ask('PostTransaction', { postings }))
    await Promise.all(asked)
    const sizes = store.appends
      .slice(before)
      .map(({ events }) => events.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0))
    expect(sizes.length).toBeGreaterThan(1)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(512 * 1024)
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(400 * 1024)
  })

  it('keeps an atomic batch whole, even where only a part would fit', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const before = store.appends.length
    const singles = Array.from({ length: 300 }, () => side.ask('PostTransaction', depositing('1')))
    const commands = Array.from({ length: 300 }, () => item('PostTransaction', depositing('1')))
    const batch = side.askBatch('atomic', commands)
    await Promise.all([...singles, batch])
    expect(store.appends.slice(before).map(({ events }) => events.length)).toEqual([300, 300])
  })

  it('ends before what does not fit: nothing that came later goes first', async () => {
    await using side = await openedBooks()
    const singles = Array.from({ length: 300 }, () => side.ask('PostTransaction', depositing('1')))
    const commands = Array.from({ length: 300 }, () => item('PostTransaction', depositing('1')))
    const batch = side.askBatch('atomic', commands)
    const last = side.ask('PostTransaction', depositing('1'))
    await Promise.all(singles)
    expect([(await batch).revision, (await last).revision]).toEqual([604n, 605n])
  })
})

/** Lets everything happen that needs no more than a few turns of the event loop. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
