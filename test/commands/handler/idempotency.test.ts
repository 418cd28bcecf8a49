import { describe, expect, it } from 'vitest'
import type { Outcome } from '#commands/handler/outcome.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import {
  asAnswered,
  depositing,
  item,
  moving,
  openAcme,
  openedBooks,
  paying,
  WriteSide,
} from '#test/support/write-side.ts'
import type { JsonObject } from '#values/json.ts'

const members = (transactionId: string) => ({ transactionId, reason: 'a mistake' })
const alice = { accountId: 'users:alice', reason: 'because' }
const particulars = {
  description: 'Größe “7”',
  externalReference: 'order 17',
  metadata: { zone: 'z', Area: 'a', 10: 'ten', 9: 'nine', é: 'e' },
}

/** A life of the books in which every command is accepted or refused in some way; revisions in the order given. */
const life: readonly (readonly [string, JsonObject, string])[] = [
  ['OpenLedger', { ...openAcme, metadata: { b: '2', a: '1' } }, 'accepted'],
  ['ChangeLedger', { name: 'Acme Wallets' }, 'accepted'],
  ['ChangeLedger', { metadata: { zone: 'z', a: null, area: 'x' } }, 'accepted'],
  ['RegisterAsset', { asset: 'JPY/0', name: 'Yen' }, 'accepted'],
  ['RegisterAsset', { asset: 'JPY/0' }, 'asset-exists'],
  ['OpenAccount', { accountId: 'bank:cash', type: 'asset' }, 'accepted'],
  [
    'OpenAccount',
    {
      accountId: 'users:alice',
      type: 'liability',
      limits: { max: '100000', min: '-5' },
      metadata: { y: '1', x: '2' },
    },
    'accepted',
  ],
  ['OpenAccount', { accountId: 'users:bob', type: 'liability' }, 'accepted'],
  ['OpenAccount', { accountId: 'users:bob', type: 'liability' }, 'account-exists'],
  ['PostTransaction', { ...depositing('10000'), ...particulars }, 'accepted'], // 9
  [
    'PostTransaction',
    { ...moving('bank:cash', 'users:alice', '5'), ...particulars },
    'external-reference-exists',
  ],
  ['PostTransaction', { ...paying('90000'), metadata: { c: '1', b: '2' } }, 'insufficient-funds'],
  ['PostTransaction', moving('users:alice', 'users:carol', '1'), 'account-not-found'],
  ['ChangeAccountLimits', { accountId: 'users:alice', limits: { max: null } }, 'accepted'],
  [
    'ChangeAccountLimits',
    { accountId: 'users:alice', limits: { min: '99999' } },
    'limits-violated-by-balance',
  ],
  ['SetMetadata', { accountId: 'users:alice', metadata: { b: '1', a: '2', x: null } }, 'accepted'],
  ['FreezeAccount', { ...alice, direction: 'debits' }, 'accepted'],
  ['PlaceHold', paying('1'), 'account-frozen'],
  ['UnfreezeAccount', alice, 'accepted'],
  ['UnfreezeAccount', alice, 'account-not-frozen'],
  [
    'PlaceHold',
    {
      postings: [...paying('4000').postings, ...paying('50').postings],
      expiresAt: '2026-03-01T13:00:00Z',
      ...particulars,
      externalReference: 'booking 9',
    },
    'accepted',
  ], // 20
  ['ExtendHold', { holdId: '20', expiresAt: '2026-03-01T12:30:00Z' }, 'accepted'],
  [
    'CaptureHold',
    { holdId: '20', amounts: ['1500', '0'], ...particulars, externalReference: 'c 1' },
    'accepted',
  ], // 22
  ['CaptureHold', { holdId: '20', amounts: ['9999', '0'] }, 'capture-exceeds-hold'],
  ['CaptureHold', { holdId: '20', amounts: ['0', '50'], final: true }, 'accepted'],
  ['CaptureHold', { holdId: '20' }, 'hold-not-open'],
  ['PlaceHold', paying('10'), 'accepted'], // 26
  ['VoidHold', { holdId: '26', reason: 'cancelled' }, 'accepted'],
  ['VoidHold', { holdId: '99', reason: 'cancelled' }, 'hold-not-found'],
  [
    'ReverseTransaction',
    { ...members('22'), amounts: ['500'], ...particulars, externalReference: 'r 1' },
    'accepted',
  ], // 29
  ['ReverseTransaction', members('29'), 'accepted'], // 30
  ['ReverseTransaction', members('30'), 'not-reversible'],
  ['ReverseTransaction', { ...members('9'), amounts: ['10001'] }, 'reversal-exceeds-original'],
  ['PlaceHold', { ...paying('10'), expiresAt: '2026-03-01T12:00:40Z' }, 'accepted'], // 33
  ['OpenAccount', { accountId: 'users:dan', type: 'liability' }, 'accepted'],
  ['CloseAccount', { accountId: 'users:dan', reason: 'x' }, 'accepted'],
  ['CloseAccount', alice, 'account-not-empty'],
  ['ReopenAccount', { accountId: 'users:dan', reason: 'y' }, 'accepted'],
  ['ReopenAccount', alice, 'account-not-closed'],
]

/** Lives through all of it, a second apart; gives the answers by key. */
async function live(side: WriteSide): Promise<ReadonlyMap<string, Outcome>> {
  const answers = new Map<string, Outcome>()
  for (const [index, [command, request, expected]] of life.entries()) {
    side.clock.pass(1000)
    const outcome = await side.ask(command, request, { key: `life ${index}` })
    expect([command, outcome.kind === 'accepted' ? 'accepted' : outcome.code]).toEqual([
      command,
      expected,
    ])
    expect(outcome).toMatchObject({ revision: BigInt(index), replayed: false })
    answers.set(`life ${index}`, outcome)
  }
  return answers
}

const expiry = { key: 'daybook:expire:33:2026-03-01T12:00:40.000Z' }

describe('the same request with the same key', () => {
  it('is answered as the first time, byte for byte, whatever the command and however it ended', async () => {
    const store = new MemoryEventStore()
    await using side = new WriteSide({ store })
    const answers = await live(side)
    side.clock.pass(60_000)
    const expired = await side.ask('ExpireHold', { holdId: '33' }, expiry)
    expect(expired).toMatchObject({ kind: 'accepted', event: 'HoldExpired' })
    const { length } = store.appends

    await using restarted = new WriteSide({ store, clock: side.clock })
    for (const writer of [side, restarted]) {
      for (const [index, [command, request]] of life.entries()) {
        const key = `life ${index}`
        const again = await writer.ask(command, request, { key })
        expect(again.replayed).toBe(true)
        expect([command, asAnswered(again)]).toEqual([
          command,
          asAnswered(answers.get(key) ?? again),
        ])
      }
      const again = await writer.ask('ExpireHold', { holdId: '33' }, expiry)
      expect(asAnswered(again)).toBe(asAnswered(expired))
    }
    expect(store.appends.length).toBe(length)
  })

  it('may have its members in another order', async () => {
    await using side = await openedBooks()
    const [one] = depositing('5').postings
    const first = await side.ask(
      'PostTransaction',
      { postings: [{ ...one }], description: 'x' },
      { key: 'k' },
    )
    const turned = { asset: 'USD/2', amount: '5', credit: 'users:alice', debit: 'bank:cash' }
    const again = await side.ask(
      'PostTransaction',
      { description: 'x', postings: [turned] },
      { key: 'k' },
    )
    expect(again).toEqual({ ...first, replayed: true })
  })

  it('keeps its answer although the books have moved on', async () => {
    await using side = await openedBooks()
    const first = await side.ask('PostTransaction', depositing('100'), { key: 'k' })
    await side.ask('PostTransaction', paying('40'))
    await side.ask('FreezeAccount', { ...alice, direction: 'all' })
    const again = await side.ask('PostTransaction', depositing('100'), { key: 'k' })
    expect(asAnswered(again)).toBe(asAnswered(first))
  })

  it('keeps its refusal although it would be accepted now', async () => {
    await using side = await openedBooks()
    const first = await side.ask('PostTransaction', paying('40'), { key: 'k' })
    await side.ask('PostTransaction', depositing('100'))
    const again = await side.ask('PostTransaction', paying('40'), { key: 'k' })
    expect(again).toEqual({ ...first, replayed: true })
    expect(again).toMatchObject({ code: 'insufficient-funds', status: 422 })
  })

  it('has one effect, sent fifty times at once', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => side.ask('PostTransaction', depositing('7'), { key: 'k' })),
    )
    expect(new Set(outcomes.map(asAnswered)).size).toBe(1)
    expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(await side.types(5n)).toEqual(['TransactionPosted'])
  })

  it('has one effect alone and as an item of batches, all at once', async () => {
    await using side = await openedBooks()
    const single = item('PostTransaction', depositing('7'), 'k')
    const asked = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0
        ? side.ask('PostTransaction', depositing('7'), { key: 'k' })
        : side.askBatch('independent', [single, single]),
    )
    await Promise.all(asked)
    expect(await side.types(5n)).toEqual(['TransactionPosted'])
  })
})

describe('another request with the same key', () => {
  it('is refused with what the key was used for, and leaves no trace', async () => {
    await using side = await openedBooks()
    side.clock.pass(5000)
    await side.ask('PostTransaction', depositing('7'), { key: 'k' })
    side.clock.pass(5000)
    const other = await side.ask('PostTransaction', depositing('8'), { key: 'k' })
    expect(other).toMatchObject({
      kind: 'refused',
      status: 422,
      code: 'idempotency-key-mismatch',
      context: {
        command: 'PostTransaction',
        revision: '5',
        recordedAt: '2026-03-01T12:00:05.000Z',
      },
      replayed: false,
    })
    expect(other.revision).toBeUndefined()
    expect(await side.types(5n)).toEqual(['TransactionPosted'])
  })

  it.each(['ReverseTransaction', 'PlaceHold'])(
    'names the command that a refused %s was',
    async (command) => {
      await using side = await openedBooks()
      const request = command === 'PlaceHold' ? paying('1') : members('77')
      await side.ask(command, request, { key: 'k' })
      const other = await side.ask('PostTransaction', depositing('8'), { key: 'k' })
      expect(other).toMatchObject({ code: 'idempotency-key-mismatch', context: { command } })
    },
  )

  it('is another request also where only the spelling of a time differs', async () => {
    await using side = await openedBooks()
    const at = (effectiveAt: string) => ({ ...depositing('7'), effectiveAt })
    await side.ask('PostTransaction', at('2026-03-01T10:00:00Z'), { key: 'k' })
    const other = await side.ask('PostTransaction', at('2026-03-01T10:00:00.000Z'), { key: 'k' })
    expect(other).toMatchObject({ code: 'idempotency-key-mismatch' })
  })
})

describe('a retry about something that has changed often', () => {
  const frozen = (reason: string) =>
    item('FreezeAccount', { accountId: 'users:alice', direction: 'all', reason })

  it.each(['atomic', 'independent'] as const)(
    'reads no event of an %s batch twice for each of its commands',
    async (mode) => {
      const store = new MemoryEventStore()
      await using side = await openedBooks({ store })
      const commands = Array.from({ length: 100 }, (_, index) => frozen(`reason ${index}`))
      const first = await side.askBatch(mode, commands, { key: 'k' })
      let reads = 0
      store.beforeRead = async () => void (reads += 1)
      const again = await side.askBatch(mode, commands, { key: 'k' })
      expect(asAnswered(again)).toBe(asAnswered(first))
      expect(again.replayed).toBe(true)
      expect(reads).toBeLessThan(2 * commands.length)
    },
  )

  it('lets the event loop turn while it reads', async () => {
    await using side = await openedBooks()
    const commands = Array.from({ length: 450 }, (_, index) => frozen(`reason ${index}`))
    await side.askBatch('atomic', commands, { key: 'k' })
    await side.ask(
      'FreezeAccount',
      { accountId: 'users:alice', direction: 'all', reason: 'r' },
      { key: 'l' },
    )
    let turns = 0
    const turn = setInterval(() => (turns += 1), 0)
    await side.ask(
      'FreezeAccount',
      { accountId: 'users:alice', direction: 'all', reason: 'r' },
      { key: 'l' },
    )
    clearInterval(turn)
    expect(turns).toBeGreaterThan(1)
  })
})

describe('a key', () => {
  it('belongs to its ledger', async () => {
    await using side = await openedBooks()
    await side.ask('OpenLedger', { ...openAcme, ledgerId: 'other' }, { ledgerId: 'other' })
    await side.ask('RegisterAsset', { asset: 'X/0' }, { key: 'k' })
    const there = await side.ask('RegisterAsset', { asset: 'Y/0' }, { key: 'k', ledgerId: 'other' })
    expect(there).toMatchObject({ kind: 'accepted', replayed: false })
  })

  it('stays free where nothing was recorded', async () => {
    await using side = new WriteSide()
    const early = await side.ask('RegisterAsset', { asset: 'X/0' }, { key: 'k' })
    expect(early).toMatchObject({ status: 404, code: 'ledger-not-found' })
    await side.ask('OpenLedger', openAcme)
    const second = await side.ask('OpenLedger', openAcme, { key: 'l' })
    expect(second).toMatchObject({ status: 409, code: 'ledger-exists' })
    expect(await side.ask('RegisterAsset', { asset: 'X/0' }, { key: 'k' })).toMatchObject({
      kind: 'accepted',
    })
    expect(await side.ask('RegisterAsset', { asset: 'Z/0' }, { key: 'l' })).toMatchObject({
      kind: 'accepted',
    })
    expect(await side.types()).toEqual(['LedgerOpened', 'AssetRegistered', 'AssetRegistered'])
  })
})
