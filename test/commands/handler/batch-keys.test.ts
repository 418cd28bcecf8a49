import { describe, expect, it } from 'vitest'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { depositing, item, openedBooks, WriteSide } from '#test/support/write-side.ts'

const deposit = (amount: string, key?: string) => item('PostTransaction', depositing(amount), key)
const modes = ['independent', 'atomic'] as const
const inFlight = { kind: 'refused', code: 'idempotency-in-flight', status: 409 }

describe('the key of an independent batch', () => {
  it.each(modes)('is not free while an item with it waits, of an %s batch', async (mode) => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const release = store.hold()
    const held = side.ask('PostTransaction', depositing('1'))
    await until(() => store.appends.length === 6)
    const other = side.askBatch(mode, [deposit('2'), deposit('3', 'K')], { key: 'A' })
    await anotherTurn()
    const outcome = side.askBatch('independent', [deposit('4')], { key: 'K' })
    await anotherTurn()
    release()
    expect(await held).toMatchObject({ revision: 5n })
    expect(await other).toMatchObject({ kind: 'batch', revision: 7n })
    expect(await outcome).toMatchObject(inFlight)
    await expectOneUse(side)
  })

  it.each(modes)('is not free where one of an %s batch is sent with it', async (mode) => {
    await using side = await openedBooks()
    await expectOneOf(side, mode)
  })

  it.each(modes)('nor before the ledger was read, with an %s batch', async (mode) => {
    const store = new MemoryEventStore()
    await using before = await openedBooks({ store })
    await using side = new WriteSide({ store, clock: before.clock })
    await expectOneOf(side, mode)
  })
})

/** A batch with an item under the key, and at once a batch with that key. */
async function expectOneOf(side: WriteSide, mode: (typeof modes)[number]): Promise<void> {
  const [other, outcome] = await Promise.all([
    side.askBatch(mode, [deposit('2'), deposit('3', 'K')], { key: 'A' }),
    side.askBatch('independent', [deposit('4')], { key: 'K' }),
  ])
  expect(other).toMatchObject({ kind: 'batch', revision: 6n })
  expect(outcome).toMatchObject(inFlight)
  await expectOneUse(side)
}

async function expectOneUse(side: WriteSide): Promise<void> {
  const again = await side.askBatch('independent', [deposit('4')], { key: 'K' })
  expect(again).toMatchObject({ kind: 'refused', code: 'idempotency-key-mismatch' })
  expect((await side.events()).map(({ idempotency }) => idempotency.key)).not.toContain('K/0')
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await anotherTurn()
}

function anotherTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
