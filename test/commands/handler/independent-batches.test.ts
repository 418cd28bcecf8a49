import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import {
  asAnswered,
  depositing,
  item,
  openedBooks,
  paying,
  WriteSide,
} from '#test/support/write-side.ts'
import { canonicalJson } from '#values/canonical-json.ts'

const deposit = (amount: string, key?: string) => item('PostTransaction', depositing(amount), key)
const payment = (amount: string, key?: string) => item('PostTransaction', paying(amount), key)

describe('an independent batch', () => {
  it('decides every item on its own, later ones seeing earlier ones', async () => {
    await using side = await openedBooks()
    const outcome = await side.askBatch('independent', [
      payment('1'),
      deposit('100'),
      payment('100'),
      payment('1'),
    ])
    expect(outcome).toMatchObject({
      kind: 'batch',
      mode: 'independent',
      items: [
        { kind: 'refused', code: 'insufficient-funds', status: 422, revision: 5n },
        { kind: 'accepted', revision: 6n },
        { kind: 'accepted', revision: 7n },
        { kind: 'refused', code: 'insufficient-funds', revision: 8n },
      ],
      revision: 8n,
      replayed: false,
    })
  })

  it('answers a malformed item in its place and records nothing of it', async () => {
    await using side = await openedBooks()
    const outcome = await side.askBatch('independent', [
      deposit('1'),
      { command: 'PostTransaction', postings: [] },
      'nonsense',
      { command: 'X', note: 'a lone \ud800' },
      deposit('2'),
    ])
    expect(outcome).toMatchObject({
      items: [
        { kind: 'accepted', revision: 5n },
        { malformed: [{ pointer: '/postings' }] },
        { malformed: [{ pointer: '' }] },
        { malformed: [{ pointer: '/command' }] },
        { kind: 'accepted', revision: 6n },
      ],
    })
    expect(await side.types(5n)).toEqual(['TransactionPosted', 'TransactionPosted'])
  })

  it('of malformed items alone is an answer, and leaves the key free', async () => {
    await using side = await openedBooks()
    const outcome = await side.askBatch('independent', [7], { key: 'K' })
    expect(outcome).toMatchObject({ kind: 'batch', replayed: false })
    expect(outcome.revision).toBeUndefined()
    expect(await side.askBatch('independent', [deposit('1')], { key: 'K' })).toMatchObject({
      kind: 'batch',
    })
  })

  it('gives every item its key, and every event the batch it came with', async () => {
    await using side = await openedBooks()
    await side.askBatch('independent', [deposit('1'), deposit('2', 'own')], { key: 'K' })
    const [first, second] = (await side.events()).slice(5)
    expect(first?.idempotency).toMatchObject({ key: 'K/0', batch: { key: 'K', index: 0, size: 2 } })
    expect(second?.idempotency).toMatchObject({
      key: 'own',
      batch: { key: 'K', index: 1, size: 2 },
    })
    expect(first?.idempotency.batch?.fingerprint).toBe(second?.idempotency.batch?.fingerprint)
  })

  it('is the same batch however the members of an item without a canonical form are ordered', async () => {
    await using side = await openedBooks()
    const [one, other] = [
      { a: 'a lone \ud800', b: { c: Infinity, d: '\u0000' } },
      { b: { d: '\u0000', c: Infinity }, a: 'a lone \ud800' },
    ]
    await side.askBatch('independent', [deposit('1'), one], { key: 'K' })
    const again = await side.askBatch('independent', [deposit('1'), other], { key: 'K' })
    expect(again).toMatchObject({ kind: 'batch', replayed: true })
  })

  it('is the same batch however the members of a malformed item are ordered', async () => {
    await using side = await openedBooks()
    const numbered = { command: 'PostTransaction', note: 1, postings: [] }
    const reordered = { postings: [], note: 1, command: 'PostTransaction' }
    await side.askBatch('independent', [deposit('1'), numbered], { key: 'K' })
    const canonical = canonicalJson({
      command: 'ExecuteBatch',
      commands: [deposit('1'), numbered],
      mode: 'independent',
    })
    const [event] = (await side.events()).slice(5)
    expect(event?.idempotency.batch?.fingerprint).toBe(hash('sha256', canonical))
    const again = await side.askBatch('independent', [deposit('1'), reordered], { key: 'K' })
    expect(again).toMatchObject({ kind: 'batch', replayed: true })
  })

  it.each([
    ['a number and what names it', { n: 5 }, { n: { number: '5' } }],
    ['a lone surrogate and its escape', { n: '\ud800' }, { n: '\\ud800' }],
    ['what is no object and its text', { n: '\ud800' }, '{"n":"\\ud800"}'],
    ['a number too large and its name', { n: Infinity }, { n: 'Infinity' }],
  ] as const)('is another batch with %s in a malformed item', async (_what, one, other) => {
    await using side = await openedBooks()
    await side.askBatch('independent', [deposit('1'), one], { key: 'K' })
    expect(await side.askBatch('independent', [deposit('1'), one], { key: 'K' })).toMatchObject({
      replayed: true,
    })
    expect(await side.askBatch('independent', [deposit('1'), other], { key: 'K' })).toMatchObject({
      code: 'idempotency-key-mismatch',
    })
  })

  it('has the direct request’s fingerprint for an item', async () => {
    await using side = await openedBooks()
    await side.askBatch('independent', [deposit('1', 'own')])
    const direct = await side.ask('PostTransaction', depositing('1'), { key: 'own' })
    expect(direct).toMatchObject({ kind: 'accepted', revision: 5n, replayed: true })
  })

  it('finds items that were done before, alone or in another batch', async () => {
    await using side = await openedBooks()
    const direct = await side.ask('PostTransaction', depositing('1'), { key: 'own' })
    const outcome = await side.askBatch('independent', [deposit('1', 'own'), deposit('2', 'own')])
    expect(outcome).toMatchObject({
      items: [
        { kind: 'accepted', revision: 5n, replayed: true },
        { kind: 'refused', code: 'idempotency-key-mismatch' },
      ],
    })
    expect('items' in outcome && outcome.items[0]).toEqual({ ...direct, replayed: true })
  })

  it('refuses an item that has the batch’s own key', async () => {
    await using side = await openedBooks()
    const commands = [deposit('1', 'K'), deposit('2')]
    for (const replayed of [false, true])
      expect(await side.askBatch('independent', commands, { key: 'K' })).toMatchObject({
        items: [{ code: 'idempotency-key-used' }, { kind: 'accepted', revision: 5n, replayed }],
      })
  })

  it('may have a thousand items', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const before = store.appends.length
    const outcome = await side.askBatch(
      'independent',
      Array.from({ length: 1000 }, () => deposit('1')),
    )
    expect(outcome).toMatchObject({ revision: 1004n })
    expect(store.appends.length - before).toBe(2)
  })

  it('is refused for a ledger that is not there, new key or used', async () => {
    await using side = new WriteSide()
    const outcome = await side.askBatch('independent', [deposit('1')], { key: 'K' })
    expect(outcome).toMatchObject({ kind: 'refused', code: 'ledger-not-found', status: 404 })
    expect(await side.types()).toEqual([])
  })
})

describe('the same independent batch again', () => {
  it('answers every item as before, also after a restart', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const commands = [deposit('100'), payment('30', 'own'), payment('71'), 'nonsense']
    const first = await side.askBatch('independent', commands, { key: 'K' })
    const { length } = store.appends
    await using restarted = new WriteSide({ store, clock: side.clock })
    for (const writer of [side, restarted]) {
      const again = await writer.askBatch('independent', commands, { key: 'K' })
      expect(asAnswered(again)).toBe(asAnswered(first))
      expect(again.replayed).toBe(true)
    }
    expect(store.appends.length).toBe(length)
  })

  it('does the rest where only a part was stored', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const commands = Array.from({ length: 700 }, (_, index) => deposit(String(index + 1)))
    store.faults.push({ kind: 'slow', ms: 1 }, { kind: 'unavailable' })
    const first = await side.askBatch('independent', commands, { key: 'K' })
    const codes =
      'items' in first ? first.items.map((each) => ('kind' in each ? each.kind : '')) : []
    expect(codes.filter((kind) => kind === 'accepted')).toHaveLength(500)
    expect(codes.slice(500).every((kind) => kind === 'refused')).toBe(true)

    const again = await side.askBatch('independent', commands, { key: 'K' })
    const items = 'items' in again ? again.items : []
    expect(items).toMatchObject(
      commands.map((_, index) => ({ kind: 'accepted', replayed: index < 500 })),
    )
    expect(again).toMatchObject({ replayed: false, revision: 704n })
    expect(await side.events()).toHaveLength(705)
  })
})

describe('another batch with the same key', () => {
  it('is refused as a whole', async () => {
    await using side = await openedBooks()
    await side.askBatch('independent', [deposit('1'), deposit('2')], { key: 'K' })
    const mismatch = {
      kind: 'refused',
      status: 422,
      code: 'idempotency-key-mismatch',
      context: { command: 'ExecuteBatch', revision: '5' },
    }
    expect(await side.askBatch('independent', [deposit('1')], { key: 'K' })).toMatchObject(mismatch)
    expect(await side.askBatch('atomic', [deposit('1'), deposit('2')], { key: 'K' })).toMatchObject(
      mismatch,
    )
    expect(await side.ask('PostTransaction', depositing('1'), { key: 'K' })).toMatchObject(mismatch)
    expect(await side.types(5n)).toHaveLength(2)
  })

  it('is refused where the key was a single command’s', async () => {
    await using side = await openedBooks()
    await side.ask('PostTransaction', depositing('1'), { key: 'K' })
    for (const mode of ['independent', 'atomic'] as const)
      expect(await side.askBatch(mode, [deposit('1')], { key: 'K' })).toMatchObject({
        code: 'idempotency-key-mismatch',
        context: { command: 'PostTransaction', revision: '5' },
      })
  })
})
