import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { defaultMemoryBounds } from '#commands/handler/ledgers-in-memory.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { keepingIn } from '#test/support/keeping.ts'
import { MemoryBooksCache } from '#test/support/memory-books-cache.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { openAcme, WriteSide } from '#test/support/write-side.ts'

const bounds = (changed: Partial<typeof defaultMemoryBounds>) => ({
  ...defaultMemoryBounds,
  ...changed,
})

async function openAll(side: WriteSide, ledgerIds: readonly string[]): Promise<void> {
  for (const ledgerId of ledgerIds)
    await side.ask('OpenLedger', { ...openAcme, ledgerId }, { ledgerId })
}

let assets = 0

/** Whether a command for the ledger is decided on books that were still in memory. */
async function isInMemory(side: WriteSide, store: MemoryEventStore, ledgerId: string) {
  store.reads.length = 0
  assets += 1
  const outcome = await side.ask('RegisterAsset', { asset: `A${assets}/0` }, { ledgerId })
  expect(outcome.kind).toBe('accepted')
  return store.reads.length === 0
}

/** Some 160 kB of texts. */
async function withMetadata(side: WriteSide, ledgerId: string): Promise<void> {
  const metadata = { text: 'x'.repeat(16_000) }
  for (let each = 0; each < 10; each += 1)
    await side.ask(
      'OpenAccount',
      { accountId: `users:${each}`, type: 'liability', metadata },
      { ledgerId },
    )
}

async function withHolds(side: WriteSide, ledgerId: string): Promise<void> {
  for (const [accountId, type] of [
    ['bank', 'asset'],
    ['users', 'liability'],
  ] as const)
    await side.ask('OpenAccount', { accountId, type }, { ledgerId })
  const postings = [{ debit: 'bank', credit: 'users', asset: 'USD/2', amount: '1' }]
  for (let each = 0; each < 130; each += 1) {
    const members = { postings, description: 'x'.repeat(1_000) }
    expect(await side.ask('PlaceHold', members, { ledgerId })).toMatchObject({ kind: 'accepted' })
  }
}

async function withKeys(side: WriteSide, ledgerId: string): Promise<void> {
  for (let each = 0; each < 500; each += 1)
    await side.ask(
      'RegisterAsset',
      { asset: 'USD/2' },
      { ledgerId, key: `${each}`.padEnd(255, 'k') },
    )
}

describe('ledgers in memory', () => {
  it('stay while there are not too many', async () => {
    const store = new MemoryEventStore()
    await using side = new WriteSide({ store, memory: bounds({ ledgersMax: 2 }) })
    await openAll(side, ['one', 'two'])
    for (const ledgerId of ['one', 'two', 'one'])
      expect(await isInMemory(side, store, ledgerId)).toBe(true)
  })

  it('are let go where there are, the least recently used first', async () => {
    const store = new MemoryEventStore()
    await using side = new WriteSide({ store, memory: bounds({ ledgersMax: 2 }) })
    await openAll(side, ['one', 'two'])
    await isInMemory(side, store, 'one')
    await openAll(side, ['three'])
    expect(await isInMemory(side, store, 'one')).toBe(true)
    expect(await isInMemory(side, store, 'two')).toBe(false)
  })

  it('are let go where they take too much, but for the one used last', async () => {
    const store = new MemoryEventStore()
    await using side = new WriteSide({ store, memory: bounds({ bytesMax: 1 }) })
    await openAll(side, ['one', 'two'])
    expect(await isInMemory(side, store, 'two')).toBe(true)
    expect(await isInMemory(side, store, 'one')).toBe(false)
  })

  describe.each([
    ['metadata', withMetadata],
    ['descriptions of holds', withHolds],
    ['keys', withKeys],
  ])('with large %s', (_, fill) => {
    it('are let go where those take too much', async () => {
      const store = new MemoryEventStore()
      await using side = new WriteSide({ store, memory: bounds({ bytesMax: 250_000 }) })
      await openAll(side, ['one', 'two'])
      await fill(side, 'one')
      expect(await isInMemory(side, store, 'two')).toBe(true)
      await fill(side, 'two')
      expect(await isInMemory(side, store, 'one')).toBe(false)
    })
  })

  it('weigh after a start what they weighed before', async () => {
    const store = new MemoryEventStore()
    const cache = new MemoryBooksCache()
    {
      await using side = new WriteSide({ store })
      await openAll(side, ['one', 'two'])
      for (const ledgerId of ['one', 'two']) await withMetadata(side, ledgerId)
    }
    const keeping = keepingIn(cache, store, { intervalEvents: 1_000 })
    for (const ledgerId of ['one', 'two']) {
      const head = await store.head(ledgerStream(ledgerId))
      if (head !== 'no-stream') await keeping.keeper.keep(ledgerId, head)
    }
    await using side = new WriteSide({ store, keeping, memory: bounds({ bytesMax: 250_000 }) })
    await isInMemory(side, store, 'one')
    expect(await isInMemory(side, store, 'one')).toBe(true)
    await isInMemory(side, store, 'two')
    expect(await isInMemory(side, store, 'one')).toBe(false)
  })

  it('are let go where nobody has used them for long', async () => {
    const store = new MemoryEventStore()
    await using side = new WriteSide({ store, memory: bounds({ idleMs: 50 }) })
    await openAll(side, ['one'])
    let inMemory = true
    for (let turn = 0; turn < 200 && inMemory; turn += 1) {
      side.clock.pass(60)
      await sleep(20)
      inMemory = await isInMemory(side, store, 'one')
    }
    expect(inMemory).toBe(false)
  })

  it('stay while something of theirs is being stored, however long that takes', async () => {
    const store = new MemoryEventStore()
    await using side = new WriteSide({ store, memory: bounds({ idleMs: 50 }) })
    await openAll(side, ['one'])
    const ask = (asset: string) => side.ask('RegisterAsset', { asset }, { ledgerId: 'one' })
    const release = store.hold()
    const first = ask('AA/0')
    await sleep(20)
    side.clock.pass(60)
    await sleep(30)
    const second = ask('BB/0')
    await sleep(20)
    const appends = store.appends.length
    release()
    expect([(await first).revision, (await second).revision]).toEqual([1n, 2n])
    expect(appends).toBe(2)
  })

  it('are kept first where they have grown since, and begin from that', async () => {
    const store = new MemoryEventStore()
    const cache = new MemoryBooksCache()
    const keeping = keepingIn(cache, store, { intervalEvents: 1_000 })
    const memory = bounds({ ledgersMax: 0, unkeptMax: 3n })
    await using side = new WriteSide({ store, keeping, memory })
    await openAll(side, ['one'])
    expect(cache.snapshots.has('one')).toBe(false)
    for (let turn = 0; turn < 3; turn += 1) await isInMemory(side, store, 'one')
    while (!cache.snapshots.has('one')) await sleep(1)
    await isInMemory(side, store, 'one')
    expect(store.reads).not.toContain(0n)
  })

  it('stay where a command comes while they are kept', async () => {
    const store = new MemoryEventStore()
    const gate = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const keeper = {
      async keep() {
        asked.resolve()
        await gate.promise
        throw new Error('the disk is full')
      },
    }
    const keeping = { cache: new MemoryBooksCache(), keeper, intervalEvents: 1_000 }
    const memory = bounds({ ledgersMax: 1, unkeptMax: 0n })
    await using side = new WriteSide({ store, keeping, memory })
    await openAll(side, ['one', 'two'])
    await asked.promise
    expect(await isInMemory(side, store, 'one')).toBe(true)
    gate.resolve()
    await sleep(5)
    expect(await isInMemory(side, store, 'one')).toBe(true)
  })

  it('leave no timer behind', async () => {
    const timers = () =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    {
      await using side = new WriteSide({ memory: bounds({ idleMs: 10 }) })
      await openAll(side, ['one'])
    }
    expect(timers()).toBeLessThanOrEqual(before)
  })
})
