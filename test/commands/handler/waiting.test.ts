import { describe, expect, it } from 'vitest'
import type { BatchOutcome } from '#commands/handler/outcome.ts'
import { systemPace } from '#ports/pace.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { asAnswered, depositing, item, openedBooks, WriteSide } from '#test/support/write-side.ts'

describe('a second request while the first with its key is under way', () => {
  it('waits for the outcome', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    store.faults.push({ kind: 'slow', ms: 300 })
    const first = side.ask('PostTransaction', depositing('7'), { key: 'k' })
    const second = await side.ask('PostTransaction', depositing('7'), { key: 'k' })
    expect(second.replayed).toBe(true)
    expect(asAnswered(second)).toBe(asAnswered(await first))
  })

  it('waits for it also to be told that it is another request', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    store.faults.push({ kind: 'slow', ms: 100 })
    const first = side.ask('PostTransaction', depositing('7'), { key: 'k' })
    const second = await side.ask('PostTransaction', depositing('8'), { key: 'k' })
    expect(second).toMatchObject({ code: 'idempotency-key-mismatch', context: { revision: '5' } })
    await first
  })

  it('waits for a third that waited as long, so that one key never stands for two batches', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    store.faults.push({ kind: 'unavailable' })
    const batch = batchesOf(side)
    const first = side.ask('PostTransaction', depositing('7'), { key: 'k' })
    const [second, third] = await Promise.all([batch('8'), batch('9', '10')])
    expect(await first).toMatchObject({ code: 'unavailable' })
    expect(second).toMatchObject({ kind: 'batch', items: [{ kind: 'accepted' }] })
    expect(third).toMatchObject({ kind: 'refused', code: 'idempotency-key-mismatch' })
  })

  it('is no other batch as long as the first may have to be decided again, though that was answered', async () => {
    const store = new MemoryEventStore()
    const impatient = {
      ...systemPace,
      every: (_: number, run: () => void) => systemPace.every(5, run),
    }
    await using side = await openedBooks({ store, pace: impatient })
    await using other = new WriteSide({ store, clock: side.clock })
    const batch = batchesOf(side)
    const sent = Promise.withResolvers<BatchOutcome>()
    const by = async () => {
      expect(await first).toMatchObject({ items: [{ code: 'outcome-unknown' }] })
      await other.ask('PostTransaction', depositing('1'))
      store.beforeRead = async () => {
        store.beforeRead = undefined
        sent.resolve(batch('9', '10'))
      }
    }
    store.faults.push({ kind: 'overtaken', by })
    const first = batch('8')
    expect(await sent.promise).toMatchObject({ kind: 'refused', code: 'idempotency-in-flight' })
    expect(await batch('8')).toMatchObject({ items: [{ kind: 'accepted', revision: 6n }] })
    expect(await batch('9', '10')).toMatchObject({ code: 'idempotency-key-mismatch' })
  })

  it.concurrent('is told after 5 s that it is in flight, and the first still has its outcome', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const release = store.hold()
    const first = side.ask('PostTransaction', depositing('7'), { key: 'k' })
    const begun = performance.now()
    const second = await side.ask('PostTransaction', depositing('7'), { key: 'k' })
    expect(second).toMatchObject({
      kind: 'refused',
      status: 409,
      code: 'idempotency-in-flight',
      retryAfterSeconds: 1,
    })
    expect(performance.now() - begun).toBeGreaterThan(4900)
    expect(performance.now() - begun).toBeLessThan(8000)
    release()
    expect(await first).toMatchObject({ kind: 'accepted', revision: 5n })
  })

  it.concurrent('waits the same for a batch', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const release = store.hold()
    const commands = [item('PostTransaction', depositing('7'))]
    const first = side.askBatch('atomic', commands, { key: 'k' })
    expect(await side.askBatch('atomic', commands, { key: 'k' })).toMatchObject({
      code: 'idempotency-in-flight',
    })
    release()
    expect(await first).toMatchObject({ kind: 'batch', replayed: false })
  })

  it.concurrent('does not make other keys wait behind it', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const release = store.hold()
    const first = side.ask('PostTransaction', depositing('7'), { key: 'k' })
    const second = side.ask('PostTransaction', depositing('7'), { key: 'k' })
    const third = side.ask('PostTransaction', depositing('7'), { key: 'other' })
    release()
    expect((await Promise.all([first, second, third])).map(({ revision }) => revision)).toEqual([
      5n,
      5n,
      6n,
    ])
  })
})

describe('a request after the first with its key failed', () => {
  it('is decided as if it were the first', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    store.faults.push({ kind: 'unavailable' })
    const [first, second] = await Promise.all([
      side.ask('PostTransaction', depositing('7'), { key: 'k' }),
      side.ask('PostTransaction', depositing('7'), { key: 'k' }),
    ])
    expect(first).toMatchObject({ code: 'unavailable', status: 503 })
    expect(second).toMatchObject({ kind: 'accepted', revision: 5n, replayed: false })
  })
})

describe('an independent batch that is sent again while its commands are being stored', () => {
  it('is in flight: nobody says that nothing was stored', async () => {
    const store = new MemoryEventStore()
    const pace = { ...systemPace, every: (_: number, run: () => void) => systemPace.every(20, run) }
    await using side = await openedBooks({ store, pace })
    const release = store.hold()
    const commands = [item('PostTransaction', depositing('7'))]
    const send = () => side.askBatch('independent', commands, { key: 'k' })
    const [first, second] = [await send(), await send()]
    release()
    expect(first).toMatchObject({ items: [{ code: 'outcome-unknown' }] })
    expect(second).toMatchObject({ code: 'idempotency-in-flight', status: 409 })
    expect(await send()).toMatchObject({ kind: 'batch', items: [{ revision: 5n, replayed: true }] })
  })
})

/** Sends deposits as independent batches, all under one key. */
function batchesOf(side: WriteSide) {
  return (...amounts: readonly string[]): Promise<BatchOutcome> =>
    side.askBatch(
      'independent',
      amounts.map((amount) => item('PostTransaction', depositing(amount))),
      { key: 'k' },
    )
}
