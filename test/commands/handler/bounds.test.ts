import { describe, expect, it } from 'vitest'
import { systemPace } from '#ports/pace.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import {
  depositing,
  item,
  openAcme,
  openedBooks,
  paying,
  WriteSide,
} from '#test/support/write-side.ts'

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

describe('what waits for something else than a decision', () => {
  const long = { ...depositing('1'), description: 'x'.repeat(600) }
  const batch = [item('PostTransaction', long)]
  const bounds = { commandsMax: 3, bytesMax: 1000 }

  /** Another process over the same ledger, whose reads wait until told. */
  async function notInMemory() {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const gate = Promise.withResolvers<void>()
    store.beforeRead = () => gate.promise
    const fresh = new WriteSide({ store, clock: side.clock, bounds })
    return { fresh, release: gate.resolve }
  }

  it.each([
    ['a command', (side: WriteSide) => side.ask('PostTransaction', long)],
    ['an atomic batch', (side: WriteSide) => side.askBatch('atomic', batch)],
    ['an independent batch', (side: WriteSide) => side.askBatch('independent', batch)],
    ['a dry run', (side: WriteSide) => side.rehearse('PostTransaction', long)],
    ['a dry run of a batch', (side: WriteSide) => side.rehearseBatch('independent', batch)],
  ])('counts all the same: %s to a ledger that is not in memory', async (_, ask) => {
    const { fresh, release } = await notInMemory()
    await using side = fresh
    const first = ask(side)
    for (const next of [ask(side), side.ask('PostTransaction', long)])
      expect(await next).toMatchObject(overloaded)
    release()
    expect(await first).not.toMatchObject(overloaded)
    expect(await ask(side)).not.toMatchObject(overloaded)
  })

  it('counts what is malformed by what was sent', async () => {
    const { fresh, release } = await notInMemory()
    await using side = fresh
    const malformed = [{ command: 'PostTransaction', description: 'x'.repeat(600) }]
    const first = side.askBatch('independent', malformed)
    expect(await side.askBatch('independent', malformed)).toMatchObject(overloaded)
    release()
    expect(await first).toMatchObject({ kind: 'batch', items: [{ malformed: [{}] }] })
  })

  it('counts who waits for an earlier request with the same key', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store, bounds })
    const release = store.hold()
    const ask = () => side.ask('PostTransaction', depositing('1'), { key: 'k' })
    const waiting = [ask(), ask(), ask()]
    expect(await ask()).toMatchObject(overloaded)
    release()
    const replayed = (await Promise.all(waiting)).map((outcome) => outcome.replayed)
    expect(replayed).toEqual([false, true, true])
    expect(await ask()).toMatchObject({ replayed: true })
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

describe('an event that only gives back, or is said of an account that exists', () => {
  const name = (side: string, index: number) => `${side}${index}`.padEnd(34, 'x')
  const large = '9'.repeat(31)
  type Between = { readonly from: number; readonly upTo: number; readonly isBack?: boolean }
  const postings = (amount: string, { from, upTo, isBack = false }: Between) =>
    Array.from({ length: upTo - from }, (_, index) => {
      const [debit, credit] = isBack ? (['b', 'a'] as const) : (['a', 'b'] as const)
      const at = from + index
      return { debit: name(debit, at), credit: name(credit, at), asset: 'USD/2', amount }
    })

  it('is let through beyond 256 KiB: nobody could end a hold otherwise', async () => {
    await using side = await openedBooks()
    for (const of of ['a', 'b']) {
      const accounts = Array.from({ length: 500 }, (_, index) =>
        item('OpenAccount', { accountId: name(of, index), type: 'equity' }),
      )
      await side.askBatch('independent', accounts)
    }
    const held = async () =>
      await side.ask('PlaceHold', { postings: postings('1', { from: 0, upTo: 500 }) })
    const [first, second] = [await held(), await held()]
    for (const [from, upTo] of [
      [0, 250],
      [250, 500],
    ] as const)
      for (const isBack of [false, true])
        for (const command of ['PostTransaction', 'PlaceHold'])
          expect(
            await side.ask(command, { postings: postings(large, { from, upTo, isBack }) }),
          ).toMatchObject({ kind: 'accepted' })
    const captured = await side.ask('CaptureHold', { holdId: `${first.revision}` })
    expect(captured).toMatchObject({ kind: 'accepted', event: 'HoldCaptured' })
    const voided = await side.ask('VoidHold', { holdId: `${second.revision}`, reason: 'r' })
    expect(voided).toMatchObject({ kind: 'accepted', event: 'HoldVoided' })
    const sizes = (await side.events())
      .slice(-2)
      .map((event) => JSON.stringify(event, textOf).length)
    expect(Math.min(...sizes)).toBeGreaterThan(256 * 1024)
  })

  it('is let through for an account in as many assets as a ledger keeps', async () => {
    await using side = await openedBooks()
    const accountId = 'x'.repeat(256)
    await side.ask('OpenAccount', { accountId, type: 'equity' })
    const assets = Array.from({ length: 898 }, (_, index) => `ASSET${index}/2`)
    for (const some of [assets.slice(0, 450), assets.slice(450)]) {
      await side.askBatch(
        'independent',
        some.map((asset) => item('RegisterAsset', { asset })),
      )
      for (const each of [some.slice(0, 225), some.slice(225)]) {
        const credited = each.map((asset) => ({
          debit: 'bank:cash',
          credit: accountId,
          asset,
          amount: large,
        }))
        expect(await side.ask('PostTransaction', { postings: credited })).toMatchObject({
          kind: 'accepted',
        })
      }
    }
    expect(
      await side.ask('FreezeAccount', { accountId, direction: 'all', reason: 'stolen' }),
    ).toMatchObject({ kind: 'accepted' })
    const outcomes = [
      await side.ask('RegisterAsset', { asset: 'LAST/0' }),
      await side.ask('RegisterAsset', { asset: 'MORE/0' }),
    ]
    expect(outcomes.map((each) => ('code' in each ? each.code : each.kind))).toContain(
      'too-many-assets',
    )
  })
})

function textOf(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

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
