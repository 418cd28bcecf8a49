import { describe, expect, it } from 'vitest'
import { AppendOutcomeUnknown, type EventStore, EventStoreUnavailable } from '#ports/event-store.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { depositing, item, openedBooks, paying, WriteSide } from '#test/support/write-side.ts'

async function aSide() {
  const store = new MemoryEventStore()
  const side = await openedBooks({ store })
  await side.ask('PostTransaction', depositing('100'))
  return { store, side, before: store.appends.length }
}

describe('a store that is unavailable', () => {
  it('has nothing of the append: 503, and the books are as they were', async () => {
    const { store, side } = await aSide()
    store.faults.push({ kind: 'unavailable' })
    const failed = await Promise.all([
      side.ask('PostTransaction', paying('100'), { key: 'k' }),
      side.askBatch('atomic', [
        item('FreezeAccount', { accountId: 'users:alice', direction: 'all', reason: 'r' }),
      ]),
    ])
    for (const outcome of failed) {
      expect(outcome).toMatchObject({ code: 'unavailable', status: 503, retryAfterSeconds: 1 })
      expect(outcome.revision).toBeUndefined()
      // The store's own words may name hosts.
      expect(outcome).toMatchObject({ detail: 'the event store cannot be used now' })
    }
    const again = await side.ask('PostTransaction', paying('100'), { key: 'k' })
    expect(again).toMatchObject({ kind: 'accepted', revision: 6n, replayed: false })
  })

  it('is told of in full once, and then once a second with how often', async () => {
    const { logger, lines } = recordingLogger()
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store, logger })
    const failWith = async (count: number) => {
      for (let each = 0; each < count; each += 1) {
        store.faults.push({ kind: 'unavailable' })
        await side.ask('PostTransaction', depositing('1'))
      }
    }
    const told = () => lines.map(({ fields }) => ('times' in fields ? fields.times : 'in full'))
    await failWith(30)
    expect(told()).toEqual(['in full'])
    side.clock.pass(1_000)
    await failWith(30)
    expect(told()).toEqual(['in full', 30])
    side.clock.pass(60_000)
    await failWith(2)
    expect(told()).toEqual(['in full', 30, 'in full'])
    store.unreadable = true
    await side.rehearse('PostTransaction', depositing('1'))
    expect(lines.at(-1)).toMatchObject({ level: 'error', fields: { err: expect.any(Error) } })
  })

  it('lets those who come later see the durable books', async () => {
    const { store, side } = await aSide()
    store.faults.push({ kind: 'unavailable' })
    const [spent, after] = await Promise.all([
      side.ask('PostTransaction', paying('100')),
      new Promise((resolve) => setImmediate(resolve)).then(() =>
        side.ask('PostTransaction', paying('100')),
      ),
    ])
    expect([spent, after]).toMatchObject([{ code: 'unavailable' }, { kind: 'accepted' }])
  })

  it('that cannot be read either refuses everyone, and recovers', async () => {
    const { store, side } = await aSide()
    store.faults.push({ kind: 'unavailable' })
    store.unreadable = true
    expect(await side.ask('PostTransaction', paying('1'))).toMatchObject({ code: 'unavailable' })
    expect(await side.ask('PostTransaction', paying('1'))).toMatchObject({ code: 'unavailable' })
    expect(await side.rehearse('PostTransaction', paying('1'))).toMatchObject({
      code: 'unavailable',
    })
    store.unreadable = false
    expect(await side.ask('PostTransaction', paying('100'))).toMatchObject({ kind: 'accepted' })
  })

  it('that cannot be read when a known key is replayed refuses it, and throws nothing', async () => {
    const { store, side } = await aSide()
    const command = item('PostTransaction', paying('1'))
    const known = { key: 'known' }
    await side.ask('PostTransaction', paying('1'), known)
    await side.askBatch('independent', [command], { key: 'batch' })
    await side.askBatch('atomic', [command], { key: 'whole' })
    store.unreadable = true
    const refused = { code: 'unavailable', status: 503, retryAfterSeconds: 1 }
    expect(await side.ask('PostTransaction', paying('1'), known)).toMatchObject(refused)
    const fresh = [item('PostTransaction', paying('1'), 'known'), command]
    const mixed = await side.askBatch('independent', fresh)
    expect(mixed).toMatchObject({ items: [refused, { kind: 'accepted', revision: 9n }] })
    expect(await side.askBatch('atomic', [command], { key: 'whole' })).toMatchObject(refused)
    expect(await side.askBatch('independent', [command], { key: 'batch' })).toMatchObject(refused)
  })

  it('is read on from where it was left once it can be read again', async () => {
    const { store, side } = await aSide()
    store.unreadable = true
    await side.rehearse('PostTransaction', paying('1'))
    store.unreadable = false
    store.reads.length = 0
    expect(await side.ask('PostTransaction', paying('100'))).toMatchObject({ kind: 'accepted' })
    expect(store.reads).toEqual([6n])
  })

  it('is told of in words of our own: a driver’s may say anything', async () => {
    const { store, side } = await aSide()
    const append = store.append.bind(store)
    store.append = () => Promise.reject(new EventStoreUnavailable('disk I/O error at /secret'))
    const refused = [
      await side.ask('PostTransaction', paying('1')),
      await side.ask('PostTransaction', paying('1')),
    ]
    expect(refused).toMatchObject([{ code: 'unavailable' }, { code: 'unavailable' }])
    expect(JSON.stringify(refused)).not.toMatch(/secret/)
    store.append = append
  })

  it.each([
    ['of another place', '"revision":"6"', '"revision":"9"'],
    ['of an earlier time', '"recordedAt":"2', '"recordedAt":"1'],
  ])('holds an event %s: everyone is told 503, and which it is', async (_, is, says) => {
    const { store, side } = await aSide()
    const [stored] = store.eventsOf('ledger-acme').slice(-1)
    const next = stored?.json.replace('"revision":"5"', '"revision":"6"') ?? ''
    const json = next.replace(is, says)
    await store.append('ledger-acme', [{ id: 'forged', type: 'TransactionPosted', json }], 5n)
    await using other = new WriteSide({ store })
    const refused = { code: 'log-damaged', status: 503, context: { revision: '6' } }
    expect(await other.ask('PostTransaction', paying('1'))).toMatchObject(refused)
    await side[Symbol.asyncDispose]()
  })
})

describe('an append whose outcome is not known', () => {
  it.each([true, false])(
    'is sent again, byte for byte, until it is (stored: %s)',
    async (stored) => {
      const { store, side, before } = await aSide()
      store.faults.push({ kind: 'unknown', stored }, { kind: 'unknown', stored: false })
      const outcome = await side.ask('PostTransaction', paying('100'))
      expect(outcome).toMatchObject({ kind: 'accepted', revision: 6n })
      const [first, ...again] = store.appends.slice(before)
      expect(again).toHaveLength(2)
      for (const append of again) expect(append).toEqual(first)
      expect(await side.types(6n)).toEqual(['TransactionPosted'])
    },
  )

  it('keeps everyone waiting: nothing is decided meanwhile, nobody is told it failed', async () => {
    const { store, side, before } = await aSide()
    store.faults.push({ kind: 'unknown', stored: true }, { kind: 'slow', ms: 100 })
    const first = side.ask('PostTransaction', paying('60'))
    await new Promise((resolve) => setTimeout(resolve, 10))
    const second = side.ask('PostTransaction', paying('60'))
    expect(await first).toMatchObject({ kind: 'accepted' })
    expect(await second).toMatchObject({ code: 'insufficient-funds', context: { available: '40' } })
    expect(store.appends.slice(before).map(({ events }) => events.length)).toEqual([1, 1, 1])
  })

  it('stays unknown through an answer that says only what became of a later attempt', async () => {
    const { store, side } = await aSide()
    store.faults.push({ kind: 'unknown', stored: true }, { kind: 'unavailable' })
    expect(await side.ask('PostTransaction', paying('1'))).toMatchObject({
      kind: 'accepted',
      revision: 6n,
    })
  })

  it('and turns out not to be stored, another writer having come first, is decided again', async () => {
    const { store, side } = await aSide()
    await using other = new WriteSide({ store, clock: side.clock })
    store.faults.push(
      { kind: 'unknown', stored: false },
      { kind: 'overtaken', by: () => other.ask('PostTransaction', paying('100')) },
    )
    const outcome = await side.ask('PostTransaction', paying('1'))
    expect(outcome).toMatchObject({ code: 'insufficient-funds', revision: 7n })
  })

  it('and turns out stored although the answer was lost is answered once', async () => {
    const { store, side } = await aSide()
    store.faults.push({ kind: 'unknown', stored: true })
    const batch = await side.askBatch('atomic', [
      item('PostTransaction', paying('1')),
      item('PostTransaction', paying('2')),
    ])
    expect(batch).toMatchObject({ kind: 'batch', revision: 7n, replayed: false })
    expect(await side.types(6n)).toHaveLength(2)
  })

  it('is never taken for stored where other bytes are in its place', async () => {
    const { store, side, before } = await aSide()
    await using liar = new WriteSide({ store: lying(store), clock: side.clock })
    const outcome = await liar.ask('PostTransaction', paying('1'))
    expect(outcome).toMatchObject({ code: 'outcome-unknown', status: 504 })
    expect(store.appends.length - before).toBe(1)
    expect((await side.events()).at(-1)).toMatchObject({ actor: 'somebody else' })
  })

  it.concurrent('is told as unknown after 5 s, and known to a retry with the key', async () => {
    const { store, side } = await aSide()
    store.faults.push({ kind: 'unknown', stored: true }, { kind: 'slow', ms: 6_000 })
    const begun = performance.now()
    const outcome = await side.ask('PostTransaction', paying('1'), { key: 'k' })
    expect(performance.now() - begun).toBeGreaterThan(4500)
    expect(outcome).toMatchObject({ code: 'outcome-unknown', status: 504 })
    const again = await side.ask('PostTransaction', paying('1'), { key: 'k' })
    expect(again).toMatchObject({ kind: 'accepted', revision: 6n, replayed: true })
  })

  it.concurrent('keeps nobody waiting behind it for more than 5 s', async () => {
    const { store, side } = await aSide()
    const release = store.hold()
    const first = side.ask('PostTransaction', paying('1'), { key: 'k' })
    await new Promise((resolve) => setTimeout(resolve, 10))
    const second = side.ask('PostTransaction', paying('2'))
    expect(await first).toMatchObject({ code: 'outcome-unknown', status: 504 })
    expect(await second).toMatchObject({ code: 'unavailable', status: 503 })
    const again = await side.ask('PostTransaction', paying('1'), { key: 'k' })
    expect(again).toMatchObject({ code: 'idempotency-in-flight', status: 409 })
    release()
    expect(await side.ask('PostTransaction', paying('1'), { key: 'k' })).toMatchObject({
      kind: 'accepted',
      replayed: true,
    })
    expect(await side.types(6n)).toHaveLength(1)
  })

  it('is unknown too where the store fails in no way that it declares', async () => {
    const { store, side } = await aSide()
    store.faults.push({ kind: 'overtaken', by: () => Promise.reject(new Error('hung up')) })
    const outcome = await side.ask('PostTransaction', paying('1'))
    expect(outcome).toMatchObject({ code: 'outcome-unknown', status: 504 })
  })

  it('is read back whole where the store gives shorter pages than were asked for', async () => {
    const { store, side } = await aSide()
    const read = store.readStream.bind(store)
    store.readStream = (stream, from) => read(stream, from, 1)
    store.faults.push({ kind: 'unknown', stored: true })
    const batch = await side.askBatch('atomic', [
      item('PostTransaction', paying('1')),
      item('PostTransaction', paying('2')),
    ])
    expect(batch).toMatchObject({ kind: 'batch', revision: 7n, replayed: false })
  })

  it('is told as unknown at once where the store has failed for good', async () => {
    const { store, side } = await aSide()
    store.faults.push({ kind: 'unknown', stored: true }, { kind: 'unavailable' })
    const asked = side.ask('PostTransaction', paying('1'))
    await new Promise((resolve) => setImmediate(resolve))
    store.fail()
    expect(await asked).toMatchObject({ code: 'outcome-unknown', status: 504 })
  })
})

/** A store that loses an answer, stores something else, and then says that all is well. */
function lying(store: MemoryEventStore): EventStore {
  let attempts = 0
  return {
    append: async (stream, events, expected) => {
      attempts += 1
      if (attempts > 1) return 0n
      const others = events.map(({ type, json }) => ({
        type,
        id: 'another',
        json: json.replace('anonymous', 'somebody else'),
      }))
      await store.append(stream, others, expected)
      throw new AppendOutcomeUnknown('the answer was lost')
    },
    readStream: (stream, from, limit) => store.readStream(stream, from, limit),
    head: (stream) => store.head(stream),
    readAll: (after, limit) => store.readAll(after, limit),
    end: () => store.end(),
    check: () => store.check(),
    failed: store.failed,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
