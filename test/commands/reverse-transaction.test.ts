import { describe, it } from 'vitest'
import { record, recordedAtOf } from '#test/support/examples.ts'
import {
  accountOpened,
  acme,
  captured,
  closed,
  deposited,
  type Fact,
  frozen,
  held,
  posted,
  posting,
  reversed,
  voided,
} from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'
import type { JsonObject } from '#values/json.ts'

/** Transaction 5 is a deposit of 10,000 for Alice. */
const books: readonly Fact[] = [...acme, deposited('10000')]
const reversing = (rest: JsonObject = {}) => ({ transactionId: '5', reason: 'a mistake', ...rest })

describe('reversing a transaction', () => {
  it('posts it the other way round, whole by default', () => {
    given(...books)
      .when('ReverseTransaction', reversing())
      .thenEvent('TransactionPosted', {
        kind: 'reversal',
        reverses: '5',
        reason: 'a mistake',
        postings: [{ ...posting('users:alice', 'bank:cash', '10000'), source: 0 }],
        effectiveAt: recordedAtOf(6n),
        metadata: {},
        balances: [
          record('bank:cash', { postedDebits: 10_000n, postedCredits: 10_000n }),
          record('users:alice', { postedDebits: 10_000n, postedCredits: 10_000n }),
        ],
      })
  })

  it('takes a part, and by default what earlier parts left', () => {
    given(...books)
      .when('ReverseTransaction', reversing({ amounts: ['4000'] }))
      .thenAccepted('TransactionPosted', {
        postings: [{ ...posting('users:alice', 'bank:cash', '4000'), source: 0 }],
      })
    given(...books, reversed('5', '4000'))
      .when('ReverseTransaction', reversing())
      .thenAccepted('TransactionPosted', {
        postings: [{ ...posting('users:alice', 'bank:cash', '6000'), source: 0 }],
      })
  })

  it('is refused one cent beyond what is left', () => {
    given(...books, reversed('5', '4000'))
      .when('ReverseTransaction', reversing({ amounts: ['6001'] }))
      .thenRejected('reversal-exceeds-original', { transactionId: '5', remaining: ['6000'] })
  })

  it('is refused where nothing is left', () => {
    given(...books, reversed('5', '10000'))
      .when('ReverseTransaction', reversing())
      .thenRejected('reversal-exceeds-original', { remaining: ['0'] })
  })

  it('keeps what the client says about it', () => {
    const particulars = { description: 'Refund', externalReference: 'r1', metadata: { by: 'ann' } }
    given(...books)
      .when('ReverseTransaction', reversing(particulars))
      .thenAccepted('TransactionPosted', particulars)
  })

  it('is refused for a reference in use', () => {
    const used = posted([posting('bank:cash', 'fees', '1')], { externalReference: 'r1' })
    given(...books, used)
      .when('ReverseTransaction', reversing({ externalReference: 'r1' }))
      .thenRejected('external-reference-exists', { transactionId: '6' })
  })

  it.each(['0', '4', '6', '999999999999999999'])(
    'is refused for what is no transaction: %s',
    (transactionId) => {
      given(...books)
        .when('ReverseTransaction', reversing({ transactionId }))
        .thenRejected('transaction-not-found', { transactionId })
    },
  )

  it('does not take a hold for a transaction', () => {
    given(...books, held([posting('users:alice', 'users:bob', '1')]))
      .when('ReverseTransaction', reversing({ transactionId: '6' }))
      .thenRejected('transaction-not-found')
  })
})

describe('reversing a transaction of several postings', () => {
  const split = posted([
    posting('users:alice', 'users:bob', '900'),
    posting('users:alice', 'fees', '100'),
  ])
  const withSplit: readonly Fact[] = [...books, split]
  const ofSplit = (rest: JsonObject) => reversing({ transactionId: '6', ...rest })

  it('takes one amount per posting and leaves zero ones out', () => {
    given(...withSplit)
      .when('ReverseTransaction', ofSplit({ amounts: ['0', '30'] }))
      .thenAccepted('TransactionPosted', {
        postings: [{ ...posting('fees', 'users:alice', '30'), source: 1 }],
      })
  })

  it('keeps count per posting', () => {
    const part = posted([{ ...posting('fees', 'users:alice', '30'), source: 1 }], {
      kind: 'reversal',
      reverses: '6',
      reason: 'fee waived',
    })
    given(...withSplit, part)
      .when('ReverseTransaction', ofSplit({}))
      .thenAccepted('TransactionPosted', {
        postings: [
          { ...posting('users:bob', 'users:alice', '900'), source: 0 },
          { ...posting('fees', 'users:alice', '70'), source: 1 },
        ],
      })
    given(...withSplit, part)
      .when('ReverseTransaction', ofSplit({ amounts: ['0', '71'] }))
      .thenRejected('reversal-exceeds-original', { remaining: ['900', '70'] })
  })

  it.each([[['900']], [['900', '100', '0']]])('is refused with %j amounts for two', (amounts) => {
    given(...withSplit)
      .when('ReverseTransaction', ofSplit({ amounts }))
      .thenRejected('amounts-mismatch', { transactionId: '6', postings: 2 })
  })
})

describe('a reversal and the rules of any transaction', () => {
  it('obeys the minimum', () => {
    given(...books, posted([posting('users:alice', 'users:bob', '1')]))
      .when('ReverseTransaction', reversing())
      .thenRejected('insufficient-funds', { account: 'users:alice', available: '9999' })
  })

  it('obeys the maximum', () => {
    const capped = accountOpened('users:carol', { min: '0', max: '100' })
    const spent = posted([posting('users:carol', 'users:bob', '100')])
    const filled = deposited('100', 'users:carol')
    given(...acme, capped, filled, spent, filled)
      .when('ReverseTransaction', reversing({ transactionId: '7' }))
      .thenRejected('limit-exceeded', { account: 'users:carol', ceiling: '100', added: '100' })
  })

  it('obeys freezing, in the direction of the reversal', () => {
    given(...books, frozen('users:alice', 'debits'))
      .when('ReverseTransaction', reversing())
      .thenRejected('account-frozen', { account: 'users:alice' })
    given(...books, frozen('users:alice', 'credits'))
      .when('ReverseTransaction', reversing())
      .thenAccepted('TransactionPosted')
  })

  it('obeys closing', () => {
    const emptied = posted([posting('users:alice', 'users:bob', '10000')])
    given(...books, emptied, closed('users:alice'))
      .when('ReverseTransaction', reversing({ transactionId: '6' }))
      .thenRejected('account-closed', { account: 'users:alice' })
  })
})

describe('the business time of a reversal', () => {
  const earlier = posted([posting('bank:cash', 'users:bob', '5')], {
    effectiveAt: '2026-02-01T00:00:00.000Z',
  })
  const ofEarlier = (effectiveAt: string) => reversing({ transactionId: '6', effectiveAt })

  it('may be that of the original, not before it', () => {
    given(...books, earlier)
      .when('ReverseTransaction', ofEarlier('2026-02-01T00:00:00Z'))
      .thenAccepted('TransactionPosted', { effectiveAt: '2026-02-01T00:00:00.000Z' })
    given(...books, earlier)
      .when('ReverseTransaction', ofEarlier('2026-01-31T23:59:59.999Z'))
      .thenRejected('effective-at-before-original', {
        effectiveAt: '2026-01-31T23:59:59.999Z',
        original: '2026-02-01T00:00:00.000Z',
      })
  })

  it('is not in the future', () => {
    given(...books, earlier)
      .when('ReverseTransaction', ofEarlier('2026-03-01T12:00:07.001Z'))
      .thenRejected('effective-at-in-future')
  })
})

describe('reversing a capture', () => {
  const reserved = held([
    posting('users:alice', 'fees', '10'),
    posting('users:alice', 'users:bob', '4000'),
  ])
  const withCapture: readonly Fact[] = [...books, reserved, captured('6', ['0', '1500'])]

  it('goes by the postings of the capture, and leaves the hold as it is', () => {
    given(...withCapture)
      .when('ReverseTransaction', reversing({ transactionId: '7' }))
      .thenAccepted('TransactionPosted', {
        kind: 'reversal',
        reverses: '7',
        postings: [{ ...posting('users:bob', 'users:alice', '1500'), source: 0 }],
        balances: [
          record('users:alice', {
            postedDebits: 1500n,
            postedCredits: 11_500n,
            pendingDebits: 2510n,
          }),
          record('users:bob', {
            postedDebits: 1500n,
            postedCredits: 1500n,
            pendingCredits: 2500n,
          }),
        ],
      })
  })

  it('works after the hold has ended', () => {
    given(...withCapture, voided('6'))
      .when('ReverseTransaction', reversing({ transactionId: '7', amounts: ['1500'] }))
      .thenAccepted('TransactionPosted')
  })
})

describe('reversing a reversal', () => {
  /** Transaction 6 takes 4,000 of the deposit back. */
  const withReversal: readonly Fact[] = [...books, reversed('5', '4000')]
  const ofReversal = (rest: JsonObject = {}) => reversing({ transactionId: '6', ...rest })
  const given7 = [
    ...withReversal,
    posted([{ ...posting('bank:cash', 'users:alice', '4000'), source: 0 }], {
      kind: 'reinstatement',
      reverses: '6',
      reason: 'right after all',
      reinstates: { transactionId: '5', amounts: ['4000'] },
    }),
  ]

  it('gives back what it took, and says of which transaction', () => {
    given(...withReversal)
      .when('ReverseTransaction', ofReversal())
      .thenEvent('TransactionPosted', {
        kind: 'reinstatement',
        reverses: '6',
        reinstates: { transactionId: '5', amounts: ['4000'] },
        reason: 'a mistake',
        postings: [{ ...posting('bank:cash', 'users:alice', '4000'), source: 0 }],
        effectiveAt: recordedAtOf(7n),
        metadata: {},
        balances: [
          record('bank:cash', { postedDebits: 14_000n, postedCredits: 4000n }),
          record('users:alice', { postedDebits: 4000n, postedCredits: 14_000n }),
        ],
      })
  })

  it('may name the whole, nothing less', () => {
    given(...withReversal)
      .when('ReverseTransaction', ofReversal({ amounts: ['4000'] }))
      .thenAccepted('TransactionPosted', { kind: 'reinstatement' })
    given(...withReversal)
      .when('ReverseTransaction', ofReversal({ amounts: ['3999'] }))
      .thenRejected('not-reversible', { transactionId: '6' })
    given(...withReversal)
      .when('ReverseTransaction', ofReversal({ amounts: ['4001'] }))
      .thenRejected('reversal-exceeds-original', { remaining: ['4000'] })
  })

  it('happens once', () => {
    given(...given7)
      .when('ReverseTransaction', ofReversal())
      .thenRejected('reversal-exceeds-original', { transactionId: '6', remaining: ['0'] })
  })

  it('makes that much of the original reversible again', () => {
    given(...given7)
      .when('ReverseTransaction', reversing())
      .thenAccepted('TransactionPosted', {
        kind: 'reversal',
        postings: [{ ...posting('users:alice', 'bank:cash', '10000'), source: 0 }],
      })
  })

  it('can’t itself be reversed', () => {
    given(...given7)
      .when('ReverseTransaction', reversing({ transactionId: '7' }))
      .thenRejected('not-reversible', { transactionId: '7' })
  })

  it('names the original’s postings by their index there', () => {
    const split = posted([
      posting('users:alice', 'users:bob', '900'),
      posting('users:alice', 'fees', '100'),
    ])
    const part = posted([{ ...posting('fees', 'users:alice', '30'), source: 1 }], {
      kind: 'reversal',
      reverses: '6',
      reason: 'fee waived',
    })
    given(...books, split, part)
      .when('ReverseTransaction', reversing({ transactionId: '7' }))
      .thenAccepted('TransactionPosted', {
        postings: [{ ...posting('users:alice', 'fees', '30'), source: 0 }],
        reinstates: { transactionId: '6', amounts: ['0', '30'] },
      })
  })
})
