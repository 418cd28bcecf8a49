import * as fc from 'fast-check'
import { ledgerStream } from '#events/stream-names.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { openedBooks, type WriteSide } from '#test/support/write-side.ts'
import type { JsonObject } from '#values/json.ts'

const usd = (debit: string, credit: string, amount: string) => ({
  debit,
  credit,
  asset: 'USD/2',
  amount,
})

/** A ledger in which every type of event happens, written by the write side itself; what refers to it knows its revisions. */
export async function eventfulBooks(): Promise<readonly StoredEvent[]> {
  await using side = await openedBooks()
  const post = (...moved: ReturnType<typeof usd>[]) =>
    side.ask('PostTransaction', { postings: moved })
  await post(usd('bank:cash', 'users:alice', '10000')) // 5
  await post(usd('users:alice', 'users:bob', '2500'), usd('users:alice', 'fees', '30')) // 6
  await side.ask('ReverseTransaction', { transactionId: '6', amounts: ['1000', '0'], reason: 'r' }) // 7
  await side.ask('ReverseTransaction', { transactionId: '7', reason: 'too much' }) // 8
  await side.ask('PlaceHold', {
    postings: [usd('users:alice', 'users:bob', '1000'), usd('users:alice', 'fees', '10')],
    externalReference: 'order-1',
    expiresAt: '2026-03-09T12:00:00Z',
  }) // 9
  await side.ask('CaptureHold', { holdId: '9', amounts: ['400', '0'] }) // 10
  await side.ask('ExtendHold', { holdId: '9', expiresAt: '2026-03-12T12:00:00Z' }) // 11
  await side.ask('CaptureHold', { holdId: '9', amounts: ['100', '10'], final: true }) // 12
  await side.ask('ReverseTransaction', { transactionId: '12', reason: 'sent back' }) // 13
  await side.ask('PlaceHold', { postings: [usd('users:alice', 'users:bob', '700')] }) // 14
  await side.ask('VoidHold', { holdId: '14', reason: 'not needed' }) // 15
  await side.ask('PlaceHold', {
    postings: [usd('users:alice', 'users:bob', '700')],
    expiresAt: '2026-03-02T12:00:00Z',
  }) // 16
  side.clock.pass(30 * 86_400_000)
  await side.ask('ExpireHold', { holdId: '16' }) // 17
  await side.ask('ChangeAccountLimits', { accountId: 'users:bob', limits: { max: '5000' } }) // 18
  await post(usd('users:alice', 'users:bob', '4000')) // 19, refused
  await side.ask('SetMetadata', { accountId: 'users:bob', metadata: { tier: 'gold' } }) // 20
  await side.ask('FreezeAccount', { accountId: 'users:bob', direction: 'debits', reason: 'r' }) // 21
  await side.ask('UnfreezeAccount', { accountId: 'users:bob', reason: 'r' }) // 22
  await side.ask('OpenAccount', { accountId: 'spare', type: 'liability' }) // 23
  await side.ask('CloseAccount', { accountId: 'spare', reason: 'r' }) // 24
  await side.ask('ReopenAccount', { accountId: 'spare', reason: 'r' }) // 25
  await side.ask('RegisterAsset', { asset: 'JPY/0', name: 'Yen' }) // 26
  await side.ask('ChangeLedger', { name: 'Acme Wallets' }) // 27
  const item = { command: 'PostTransaction', postings: [usd('bank:cash', 'users:alice', '1')] }
  await side.askBatch('atomic', [item, item], { key: 'batch-1' }) // 28, 29
  await side.askBatch('independent', [item, { ...item, idempotencyKey: 'own' }]) // 30, 31
  return storedIn(side)
}

export function storedIn(side: WriteSide): Promise<readonly StoredEvent[]> {
  return side.store.readStream(ledgerStream('acme'), 0n, 100_000)
}

/** Commands as they come: most make sense, some are refused. */
export const anyCommand: fc.Arbitrary<readonly [string, JsonObject]> = fc.oneof(
  { weight: 5, arbitrary: command('PostTransaction', { postings: postings() }) },
  { weight: 3, arbitrary: command('PlaceHold', { postings: postings() }) },
  {
    weight: 3,
    arbitrary: command('CaptureHold', { holdId: revision(), final: fc.boolean() }),
  },
  { weight: 1, arbitrary: command('VoidHold', { holdId: revision(), reason: fc.constant('r') }) },
  {
    weight: 3,
    arbitrary: command('ReverseTransaction', {
      transactionId: revision(),
      reason: fc.constant('r'),
    }),
  },
  {
    weight: 1,
    arbitrary: command('ChangeAccountLimits', {
      accountId: account(),
      limits: fc.record({ min: fc.constantFrom('0', '-500', null) }),
    }),
  },
  {
    weight: 1,
    arbitrary: command('FreezeAccount', {
      accountId: account(),
      direction: fc.constantFrom('debits', 'credits'),
      reason: fc.constant('r'),
    }),
  },
  {
    weight: 2,
    arbitrary: command('UnfreezeAccount', { accountId: account(), reason: fc.constant('r') }),
  },
)

function command(name: string, members: Record<string, fc.Arbitrary<unknown>>) {
  return fc
    .record(members)
    .map((body): readonly [string, JsonObject] => [name, JSON.parse(JSON.stringify(body))])
}

function account() {
  return fc.constantFrom('bank:cash', 'users:alice', 'users:bob', 'fees')
}

function revision() {
  return fc.integer({ min: 5, max: 60 }).map(String)
}

function postings() {
  const pairs = [
    ['bank:cash', 'users:alice'],
    ['bank:cash', 'users:bob'],
    ['users:alice', 'users:bob'],
    ['users:bob', 'users:alice'],
    ['users:alice', 'fees'],
    ['fees', 'users:bob'],
  ] as const
  const posting = fc
    .tuple(fc.constantFrom(...pairs), fc.integer({ min: 1, max: 900 }))
    .map(([[debit, credit], amount]) => usd(debit, credit, String(amount)))
  return fc.array(posting, { minLength: 1, maxLength: 4 })
}
