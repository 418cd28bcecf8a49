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

const deposit = (amount: string, key?: string) => item('PostTransaction', depositing(amount), key)
const payment = (amount: string, key?: string) => item('PostTransaction', paying(amount), key)

describe('an atomic batch', () => {
  it('does all of it in one append, later commands seeing earlier ones', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const before = store.appends.length
    const outcome = await side.askBatch('atomic', [deposit('100'), payment('100')], { key: 'K' })
    expect(outcome).toMatchObject({
      kind: 'batch',
      mode: 'atomic',
      items: [
        { kind: 'accepted', revision: 5n, data: { transactionId: '5' } },
        { kind: 'accepted', revision: 6n, data: { transactionId: '6' } },
      ],
      revision: 6n,
      replayed: false,
    })
    expect(store.appends.slice(before).map(({ events }) => events.length)).toEqual([2])
  })

  it('can act on what it made itself', async () => {
    await using side = await openedBooks()
    const outcome = await side.askBatch('atomic', [
      deposit('100'),
      item('PlaceHold', paying('100')),
      item('CaptureHold', { holdId: '6', amounts: ['60'] }),
      item('ReverseTransaction', { transactionId: '7', reason: 'r' }),
      item('ReverseTransaction', { transactionId: '8', reason: 'r' }),
      item('VoidHold', { holdId: '6', reason: 'r' }),
    ])
    expect(outcome).toMatchObject({ kind: 'batch', revision: 10n })
  })

  it('does none of it where one item is refused, and records one refusal', async () => {
    await using side = await openedBooks()
    const outcome = await side.askBatch('atomic', [deposit('100'), deposit('1'), payment('102')], {
      key: 'K',
    })
    expect(outcome).toMatchObject({
      kind: 'refused',
      status: 422,
      code: 'insufficient-funds',
      context: { account: 'users:alice', available: '101', required: '102', index: 2 },
      revision: 5n,
      replayed: false,
    })
    const [rejected] = (await side.events()).slice(5)
    expect(rejected).toMatchObject({
      type: 'CommandRejected',
      idempotency: { key: 'K' },
      data: {
        command: 'ExecuteBatch',
        status: 422,
        code: 'insufficient-funds',
        request: {
          command: 'ExecuteBatch',
          mode: 'atomic',
          commands: [deposit('100'), deposit('1'), payment('102')],
        },
      },
    })
    expect(await side.events()).toHaveLength(6)
    expect(await side.ask('PostTransaction', paying('1'))).toMatchObject({
      code: 'insufficient-funds',
      context: { available: '0' },
    })
  })

  it('is 422 for what would be 404 or 409 alone', async () => {
    await using side = await openedBooks()
    const account = { accountId: 'users:bob', type: 'liability' }
    expect(await side.askBatch('atomic', [item('OpenAccount', account)])).toMatchObject({
      status: 422,
      code: 'account-exists',
      context: { index: 0 },
    })
    expect(
      await side.askBatch('atomic', [item('VoidHold', { holdId: '3', reason: 'r' })]),
    ).toMatchObject({ status: 422, code: 'hold-not-found' })
  })

  it('leaves the items’ keys free where it was refused', async () => {
    await using side = await openedBooks()
    await side.askBatch('atomic', [deposit('1', 'own'), payment('2')], { key: 'K' })
    expect(await side.ask('PostTransaction', depositing('1'), { key: 'own' })).toMatchObject({
      kind: 'accepted',
      replayed: false,
    })
  })

  it('uses the items’ keys where it was accepted', async () => {
    await using side = await openedBooks()
    await side.askBatch('atomic', [deposit('1', 'own'), deposit('2')], { key: 'K' })
    expect(await side.ask('PostTransaction', depositing('1'), { key: 'own' })).toMatchObject({
      revision: 5n,
      replayed: true,
    })
    expect((await side.events())[6]?.idempotency).toMatchObject({
      key: 'K/1',
      batch: { key: 'K', index: 1, size: 2 },
    })
  })

  it('is refused for a ledger that is not there, however large', async () => {
    await using side = new WriteSide()
    for (const size of [1, 501]) {
      const commands = Array.from({ length: size }, () => deposit('1'))
      expect(await side.askBatch('atomic', commands)).toMatchObject({
        code: 'ledger-not-found',
        status: 404,
      })
    }
    expect(await side.types()).toEqual([])
  })
})

describe('an atomic batch with a key that was used', () => {
  it('is refused and leaves no trace', async () => {
    await using side = await openedBooks()
    await side.ask('PostTransaction', depositing('1'), { key: 'own' })
    const outcome = await side.askBatch('atomic', [deposit('5'), deposit('1', 'own')], { key: 'K' })
    expect(outcome).toMatchObject({
      kind: 'refused',
      status: 409,
      code: 'idempotency-key-used',
      context: { index: 1, idempotencyKey: 'own' },
    })
    expect(outcome.revision).toBeUndefined()
    expect(await side.types(5n)).toEqual(['TransactionPosted'])
    expect(await side.askBatch('atomic', [deposit('5')], { key: 'K' })).toMatchObject({
      kind: 'batch',
    })
  })

  it('is refused where two items share one, or one has the batch’s', async () => {
    await using side = await openedBooks()
    const used = { status: 409, code: 'idempotency-key-used' }
    const twice = [deposit('1', 'own'), deposit('1', 'own')]
    expect(await side.askBatch('atomic', twice)).toMatchObject({ ...used, context: { index: 1 } })
    expect(await side.askBatch('atomic', [deposit('1', 'K')], { key: 'K' })).toMatchObject(used)
    expect(await side.types(5n)).toEqual([])
  })
})

describe('the same atomic batch again', () => {
  it('is answered as before, accepted or refused, also after a restart', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const good = [
      deposit('100'),
      payment('30', 'own'),
      item('FreezeAccount', { accountId: 'fees', direction: 'all', reason: 'r' }),
    ]
    const bad = [payment('10'), payment('61')]
    const firstGood = await side.askBatch('atomic', good, { key: 'good' })
    const firstBad = await side.askBatch('atomic', bad, { key: 'bad' })
    await using restarted = new WriteSide({ store, clock: side.clock })
    for (const writer of [side, restarted]) {
      const again = await writer.askBatch('atomic', good, { key: 'good' })
      expect(asAnswered(again)).toBe(asAnswered(firstGood))
      expect(again).toMatchObject({ kind: 'batch', replayed: true, revision: 7n })
      const refused = await writer.askBatch('atomic', bad, { key: 'bad' })
      expect(refused).toEqual({ ...firstBad, replayed: true })
    }
    expect(await side.events()).toHaveLength(9)
  })

  it('has one effect, sent many times at once', async () => {
    await using side = await openedBooks()
    const commands = [deposit('1'), deposit('2')]
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => side.askBatch('atomic', commands, { key: 'K' })),
    )
    expect(new Set(outcomes.map(asAnswered)).size).toBe(1)
    expect(await side.events()).toHaveLength(7)
  })
})

describe('an atomic batch that is too large', () => {
  it('has more than 500 commands', async () => {
    await using side = await openedBooks()
    const many = (count: number) => Array.from({ length: count }, () => deposit('1'))
    expect(await side.askBatch('atomic', many(500))).toMatchObject({
      kind: 'batch',
      revision: 504n,
    })
    expect(await side.askBatch('atomic', many(501), { key: 'K' })).toMatchObject({
      status: 422,
      code: 'batch-too-large',
      context: { commandsMax: 500, bytesMax: 524_288 },
      revision: 505n,
    })
    expect(await side.askBatch('atomic', many(501), { key: 'K' })).toMatchObject({
      code: 'batch-too-large',
      replayed: true,
    })
  })

  it('has more than 512 KiB of events', async () => {
    await using side = await openedBooks()
    const big = item('PostTransaction', {
      ...depositing('1'),
      metadata: { note: 'x'.repeat(16_000) },
    })
    const fits = await side.askBatch(
      'atomic',
      Array.from({ length: 30 }, () => big),
    )
    expect(fits).toMatchObject({ kind: 'batch' })
    const over = await side.askBatch(
      'atomic',
      Array.from({ length: 33 }, () => big),
    )
    expect(over).toMatchObject({ code: 'batch-too-large', revision: 35n })
    const [rejected] = (await side.events()).slice(35)
    expect(rejected?.data).not.toHaveProperty('request')
    expect(await side.ask('PostTransaction', paying('31'))).toMatchObject({
      code: 'insufficient-funds',
      context: { available: '30' },
    })
  })
})
