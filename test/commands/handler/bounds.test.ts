import { describe, expect, it } from 'vitest'
import { systemPace } from '#ports/pace.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { depositing, item, openAcme, openedBooks, paying } from '#test/support/write-side.ts'

const overloaded = { kind: 'refused', code: 'overloaded', status: 503, retryAfterSeconds: 1 }

describe('what waits for a decision', () => {
  it('is bounded in number, over all ledgers', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store, bounds: { commandsMax: 3, bytesMax: 1_000_000 } })
    const release = store.hold()
    const waiting = [1, 2, 3].map(() => side.ask('PostTransaction', depositing('1')))
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(overloaded)
    expect(
      await side.ask('OpenLedger', { ...openAcme, ledgerId: 'b' }, { ledgerId: 'b' }),
    ).toMatchObject(overloaded)
    release()
    expect(await Promise.all(waiting)).toMatchObject([5n, 6n, 7n].map((revision) => ({ revision })))
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject({ revision: 8n })
  })

  it('is bounded in bytes', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store, bounds: { commandsMax: 100, bytesMax: 1000 } })
    const release = store.hold()
    const long = { ...depositing('1'), description: 'x'.repeat(800) }
    const first = side.ask('PostTransaction', long)
    expect(await side.ask('PostTransaction', long)).toMatchObject(overloaded)
    release()
    expect(await first).toMatchObject({ kind: 'accepted' })
  })

  it('lets a batch through that is larger than the bound, where nothing else waits', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store, bounds: { commandsMax: 3, bytesMax: 1000 } })
    const five = Array.from({ length: 5 }, () => item('PostTransaction', depositing('1')))
    const release = store.hold()
    const first = side.askBatch('independent', five)
    await new Promise((resolve) => setImmediate(resolve))
    expect(await side.askBatch('atomic', five)).toMatchObject(overloaded)
    release()
    expect(await first).toMatchObject({ kind: 'batch', revision: 9n })
  })

  it('does not count what was refused or has failed', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store, bounds: { commandsMax: 1, bytesMax: 1_000_000 } })
    for (let time = 0; time < 5; time += 1) {
      store.faults.push({ kind: 'unavailable' })
      expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject({
        code: 'unavailable',
      })
      expect(await side.ask('PostTransaction', paying('1'))).toMatchObject({
        code: 'insufficient-funds',
      })
    }
  })
})

describe('an event beyond 256 KiB', () => {
  const huge = {
    postings: Array.from({ length: 500 }, (_, index) => ({
      debit: 'bank:cash',
      credit: `users:${'x'.repeat(240)}:${index}`,
      asset: 'USD/2',
      amount: '1',
    })),
  }

  it('is refused, and recorded as refused', async () => {
    await using side = await openedBooks()
    const accounts = huge.postings.map(({ credit }) =>
      item('OpenAccount', { accountId: credit, type: 'liability' }),
    )
    await side.askBatch('independent', accounts)
    const outcome = await side.ask('PostTransaction', huge, { key: 'k' })
    expect(outcome).toMatchObject({ status: 422, code: 'event-too-large', revision: 505n })
    const again = await side.ask('PostTransaction', huge, { key: 'k' })
    expect(again).toEqual({ ...outcome, replayed: true })
    expect(await side.ask('CloseAccount', { accountId: 'bank:cash', reason: 'r' })).toMatchObject({
      kind: 'accepted',
    })
  })

  it('refuses an atomic batch with the item’s index', async () => {
    await using side = await openedBooks()
    const accounts = huge.postings.map(({ credit }) =>
      item('OpenAccount', { accountId: credit, type: 'liability' }),
    )
    await side.askBatch('independent', accounts)
    const batch = [item('PostTransaction', depositing('1')), item('PostTransaction', huge)]
    expect(await side.askBatch('atomic', batch)).toMatchObject({
      code: 'event-too-large',
      context: { index: 1 },
      revision: 505n,
    })
  })
})

describe('a writer that closes', () => {
  it('finishes what it took and takes no more', async () => {
    const store = new MemoryEventStore()
    const side = await openedBooks({ store })
    const release = store.hold()
    const taken = side.ask('PostTransaction', depositing('1'))
    const closing = side[Symbol.asyncDispose]().then(() => 'closed')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject({
      code: 'unavailable',
    })
    expect(await side.rehearse('PostTransaction', depositing('1'))).toMatchObject({
      code: 'unavailable',
    })
    expect(await Promise.race([closing, systemPace.turn()])).not.toBe('closed')
    release()
    await closing
    expect(await taken).toMatchObject({ kind: 'accepted' })
  })
})
