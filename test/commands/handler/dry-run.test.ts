import { describe, expect, it } from 'vitest'
import type { BatchOutcome, Outcome } from '#commands/handler/outcome.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import {
  asAnswered,
  depositing,
  item,
  openAcme,
  openedBooks,
  paying,
  WriteSide,
} from '#test/support/write-side.ts'
import type { JsonObject } from '#values/json.ts'

/** Members that only recording gives. */
const recordedOnly = ['revision', 'transactionId', 'recordedAt', 'createdAt']

/** An outcome without what only recording gives it; in a capture the id of the transaction too. */
function wouldBe(outcome: Outcome | BatchOutcome, ...also: readonly string[]): unknown {
  const names = [...recordedOnly, ...also]
  return JSON.parse(
    JSON.stringify(outcome, (name, value: unknown) => (names.includes(name) ? undefined : value)),
  )
}

describe('a dry run', () => {
  it.each([
    ['RegisterAsset', { asset: 'JPY/0', name: 'Yen' }, []],
    ['ChangeLedger', { name: 'Acme Wallets' }, []],
    ['OpenAccount', { accountId: 'users:carol', type: 'liability' }, []],
    ['SetMetadata', { accountId: 'users:bob', metadata: { b: '1', a: '2' } }, []],
    ['PostTransaction', { ...paying('60'), description: 'x', metadata: { b: '1', a: '2' } }, []],
    ['PostTransaction', paying('61'), []],
    ['ReverseTransaction', { transactionId: '5', amounts: ['60'], reason: 'r' }, []],
    ['ReverseTransaction', { transactionId: '6', reason: 'r' }, []],
    ['PlaceHold', paying('60'), ['holdId']],
    ['CaptureHold', { holdId: '6', amounts: ['15'] }, ['captures']],
    ['CaptureHold', { holdId: '6', amounts: ['41'] }, []],
    ['VoidHold', { holdId: '6', reason: 'r' }, []],
    ['FreezeAccount', { accountId: 'users:alice', direction: 'all', reason: 'r' }, []],
    ['CloseAccount', { accountId: 'users:alice', reason: 'r' }, []],
  ] as const)('decides %s as the command itself would', async (command, members, only) => {
    await using side = await openedBooks()
    await side.ask('PostTransaction', depositing('100'))
    await side.ask('PlaceHold', paying('40'))
    const rehearsed = await side.rehearse(command, members)
    expect(rehearsed.revision).toBeUndefined()
    const real = await side.ask(command, members)
    expect(wouldBe(rehearsed, ...only)).toEqual(wouldBe(real, ...only))
  })

  it('has no ids, times or revisions of its own', async () => {
    await using side = await openedBooks()
    const posted = await side.rehearse('PostTransaction', depositing('1'))
    expect(posted).toMatchObject({ kind: 'accepted', event: 'TransactionPosted' })
    expect(Object.keys('data' in posted ? posted.data : {})).toEqual([
      'kind',
      'postings',
      'effectiveAt',
      'metadata',
      'actor',
      'balances',
    ])
    const held = await side.rehearse('PlaceHold', depositing('1'))
    expect(Object.keys('data' in held ? held.data : {})).toEqual([
      'status',
      'postings',
      'metadata',
      'captures',
      'balances',
    ])
  })

  it('says on which revision it was decided', async () => {
    await using side = await openedBooks()
    const request = { actor: 'anonymous', correlationId: 'c', causationId: 'c', ledgerId: 'acme' }
    const parsed = { command: 'RegisterAsset', input: { asset: 'X/0' }, request: {} }
    expect(await side.bus.dryRun({ ...request, key: '', item: parsed })).toMatchObject({
      decidedOn: 4n,
    })
  })

  it('changes nothing: neither the log, the books, nor any key', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const { length } = store.appends
    await side.rehearse(
      'PostTransaction',
      { ...depositing('100'), externalReference: 'r' },
      { key: 'k' },
    )
    await side.rehearse('OpenAccount', { accountId: 'users:carol', type: 'asset' }, { key: 'k' })
    await side.rehearseBatch('atomic', [item('PostTransaction', depositing('5'), 'own')], {
      key: 'K',
    })
    expect(store.appends.length).toBe(length)
    expect(await side.ask('PostTransaction', paying('1'), { key: 'k' })).toMatchObject({
      code: 'insufficient-funds',
      context: { available: '0' },
      revision: 5n,
      replayed: false,
    })
    const real = { ...depositing('1'), externalReference: 'r' }
    expect(await side.ask('PostTransaction', real, { key: 'own' })).toMatchObject({
      revision: 6n,
      replayed: false,
    })
  })

  it('ignores its key, also one that was used', async () => {
    await using side = await openedBooks()
    await side.ask('PostTransaction', depositing('100'), { key: 'k' })
    const rehearsed = await side.rehearse('PostTransaction', paying('100'), { key: 'k' })
    expect(rehearsed).toMatchObject({ kind: 'accepted', replayed: false })
  })

  it('sees nothing that is not durable yet', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    store.faults.push({ kind: 'slow', ms: 50 }, { kind: 'unavailable' })
    const [, rehearsed] = await Promise.all([
      side.ask('PostTransaction', depositing('100')),
      side.rehearse('PostTransaction', paying('1')),
    ])
    expect(rehearsed).toMatchObject({ code: 'insufficient-funds' })
  })

  it('can open a ledger, and one that exists not', async () => {
    await using side = new WriteSide()
    expect(await side.rehearse('OpenLedger', openAcme)).toMatchObject({
      kind: 'accepted',
      data: { ledgerId: 'acme', name: 'Acme Payments' },
    })
    expect(await side.rehearse('RegisterAsset', { asset: 'X/0' })).toMatchObject({
      code: 'ledger-not-found',
    })
    expect(
      await side.rehearseBatch('independent', [item('RegisterAsset', { asset: 'X/0' })]),
    ).toMatchObject({
      code: 'ledger-not-found',
    })
    await side.ask('OpenLedger', openAcme)
    expect(await side.rehearse('OpenLedger', openAcme)).toMatchObject({ code: 'ledger-exists' })
  })
})

describe('a dry run of a capture', () => {
  it('lists the captures that there are, and not itself', async () => {
    await using side = await openedBooks()
    await side.ask('PostTransaction', depositing('100'))
    await side.ask('PlaceHold', paying('40'))
    const capture = () => side.rehearse('CaptureHold', { holdId: '6', amounts: ['1'] })
    expect(await capture()).toMatchObject({ data: { hold: { captures: [] } } })
    await side.ask('CaptureHold', { holdId: '6', amounts: ['1'] })
    expect(await capture()).toMatchObject({ data: { hold: { captures: ['7'] } } })
  })
})

describe('a dry run of a batch', () => {
  const commands: readonly JsonObject[] = [
    item('PostTransaction', depositing('100')),
    item('PostTransaction', paying('30')),
    item('PostTransaction', paying('71')),
    item('ReverseTransaction', { transactionId: '5', reason: 'r' }),
    item('PostTransaction', {}),
  ]

  it('decides every item of an independent one as the batch would', async () => {
    await using side = await openedBooks()
    await side.ask('PostTransaction', depositing('9'))
    const rehearsed = await side.rehearseBatch('independent', commands)
    expect(rehearsed.revision).toBeUndefined()
    const real = await side.askBatch('independent', commands)
    expect(wouldBe(rehearsed)).toEqual(wouldBe(real))
  })

  it('decides an atomic one as the batch would, accepted or refused', async () => {
    await using side = await openedBooks()
    await side.ask('PostTransaction', depositing('9'))
    for (const part of [commands.slice(0, 3), [...commands.slice(0, 2), ...commands.slice(3, 4)]]) {
      const rehearsed = await side.rehearseBatch('atomic', part)
      expect(rehearsed.revision).toBeUndefined()
      const real = await side.askBatch('atomic', part)
      expect(wouldBe(rehearsed)).toEqual(wouldBe(real))
    }
  })

  it('has no ids or times of what an item before would make', async () => {
    await using side = await openedBooks()
    await side.ask('PostTransaction', depositing('100'))
    await side.ask('PlaceHold', paying('40'))
    await side.ask('CaptureHold', { holdId: '6', amounts: ['1'] })
    const outcome = await side.rehearseBatch('independent', [
      item('CaptureHold', { holdId: '6', amounts: ['1'] }),
      item('CaptureHold', { holdId: '6', amounts: ['1'] }),
      item('SetMetadata', { accountId: 'users:bob', metadata: { a: '1' } }),
      item('OpenAccount', { accountId: '13', type: 'liability' }),
      item('SetMetadata', { accountId: '13', metadata: { a: '1' } }),
      item('PlaceHold', paying('2')),
      item('CaptureHold', { holdId: '13', amounts: ['1'] }),
      item('ExtendHold', { holdId: '13', expiresAt: '9999-01-01T00:00:00Z' }),
    ])
    const createdAt: unknown = expect.any(String)
    expect(dataOf(outcome)).toMatchObject([
      { hold: { holdId: '6', captures: ['7'], createdAt } },
      { hold: { holdId: '6', captures: ['7'], createdAt } },
      { accountId: 'users:bob', createdAt },
      { accountId: '13', metadata: {} },
      { accountId: '13', metadata: { a: '1' } },
      { status: 'open', captures: [] },
      { hold: { status: 'open', captures: [] } },
      { status: 'open', captures: [] },
    ])
    const made = JSON.stringify(dataOf(outcome).slice(3))
    expect(made).not.toMatch(/createdAt|recordedAt|transactionId/)
  })

  it('is refused as too large like the real one', async () => {
    await using side = await openedBooks()
    const many = Array.from({ length: 501 }, () => item('PostTransaction', depositing('1')))
    expect(asAnswered(await side.rehearseBatch('atomic', many))).toContain('batch-too-large')
    expect(await side.types(5n)).toEqual([])
  })
})

function dataOf(outcome: BatchOutcome): readonly JsonObject[] {
  if (outcome.kind === 'refused') throw new Error(outcome.detail)
  return outcome.items.map((each) => ('data' in each ? each.data : {}))
}
