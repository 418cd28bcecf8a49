import { describe, it } from 'vitest'
import { record } from '#test/support/examples.ts'
import {
  accountOpened,
  acme,
  closed,
  deposited,
  expired,
  frozen,
  held,
  posted,
  posting,
  voided,
} from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

const toBob = (amount: string) => ({ postings: [posting('users:alice', 'users:bob', amount)] })
const now = '2026-03-01T12:00:30.000Z'

describe('a hold', () => {
  it('reserves on both accounts and books nothing', () => {
    given(...acme, deposited('10000'))
      .when('PlaceHold', toBob('4000'))
      .thenEvent('HoldPlaced', {
        postings: [posting('users:alice', 'users:bob', '4000')],
        metadata: {},
        balances: [
          record('users:alice', { postedCredits: 10_000n, pendingDebits: 4000n }),
          record('users:bob', { pendingCredits: 4000n }),
        ],
      })
  })

  it('keeps what the client says about it', () => {
    const particulars = {
      description: 'A room',
      externalReference: 'booking 9',
      metadata: { room: '12' },
    }
    given(...acme, deposited('100'))
      .when('PlaceHold', { ...toBob('1'), ...particulars })
      .thenAccepted('HoldPlaced', particulars)
  })

  it('is refused beyond what is available', () => {
    given(...acme, deposited('100'), held([posting('users:alice', 'fees', '30')]))
      .when('PlaceHold', toBob('71'))
      .thenRejected('insufficient-funds', { available: '70', required: '71', min: '0' })
  })

  it('counts the ceiling of who would receive it', () => {
    const capped = accountOpened('users:carol', { min: '0', max: '50' })
    given(...acme, capped, deposited('100'))
      .when('PlaceHold', { postings: [posting('users:alice', 'users:carol', '51')] })
      .thenRejected('limit-exceeded', { account: 'users:carol', added: '51', max: '50' })
  })

  it.each([voided('6'), expired('6')])('finds what an earlier hold gave back', (ending) => {
    given(...acme, deposited('100'), held([posting('users:alice', 'users:bob', '100')]), ending)
      .when('PlaceHold', toBob('100'))
      .thenAccepted('HoldPlaced')
  })

  it.each([
    ['debits', posting('users:alice', 'users:bob', '1')],
    ['credits', posting('bank:cash', 'users:alice', '1')],
  ] as const)('is refused through frozen %s', (direction, through) => {
    given(...acme, deposited('100'), frozen('users:alice', direction))
      .when('PlaceHold', { postings: [through] })
      .thenRejected('account-frozen', { account: 'users:alice' })
  })

  it('is refused for accounts that are closed, missing or the same, and assets not registered', () => {
    const holding = (debit: string, credit: string, asset = 'USD/2') => ({
      postings: [{ ...posting(debit, credit, '1'), asset }],
    })
    const books = given(...acme, closed('users:bob'))
    books.when('PlaceHold', holding('bank:cash', 'users:bob')).thenRejected('account-closed')
    books.when('PlaceHold', holding('bank:cash', 'nobody')).thenRejected('account-not-found')
    books.when('PlaceHold', holding('fees', 'fees')).thenRejected('same-account')
    books.when('PlaceHold', holding('fees', 'bank:cash', 'X/0')).thenRejected('asset-unknown')
  })
})

describe('the postings of a hold', () => {
  const roundTrip = {
    postings: [
      posting('bank:cash', 'users:alice', '100'),
      posting('users:alice', 'users:bob', '100'),
    ],
  }

  it('count alone, because each may be captured alone', () => {
    given(...acme)
      .when('PlaceHold', roundTrip)
      .thenRejected('insufficient-funds', { account: 'users:alice', available: '0' })
  })

  it('would count net in a transaction', () => {
    given(...acme)
      .when('PostTransaction', roundTrip)
      .thenAccepted('TransactionPosted')
  })

  it('count together where they take from one account', () => {
    const twice = {
      postings: [
        posting('users:alice', 'users:bob', '60'),
        posting('users:alice', 'users:bob', '60'),
      ],
    }
    given(...acme, deposited('100'))
      .when('PlaceHold', twice)
      .thenRejected('insufficient-funds', { available: '100', required: '120' })
  })
})

describe('the expiry of a hold', () => {
  it('lies in the future and is stored in UTC', () => {
    given(...acme, deposited('100'))
      .when('PlaceHold', { ...toBob('1'), expiresAt: '2026-03-01T14:00:30.001+02:00' }, now)
      .thenAccepted('HoldPlaced', { expiresAt: '2026-03-01T12:00:30.001Z' })
  })

  it.each([now, '2026-03-01T12:00:29.999Z'])('is refused at or before now: %s', (expiresAt) => {
    given(...acme, deposited('100'))
      .when('PlaceHold', { ...toBob('1'), expiresAt }, now)
      .thenRejected('expires-at-not-in-future', { expiresAt, now })
  })
})

describe('the conditions and reference of a hold', () => {
  it('are those of a transaction', () => {
    const other = posted([posting('bank:cash', 'users:bob', '1')], { externalReference: 'r' })
    const books = given(...acme, deposited('100'), other)
    const conditions = [{ account: 'users:alice', asset: 'USD/2', available: { gte: '101' } }]
    books
      .when('PlaceHold', { ...toBob('1'), conditions })
      .thenRejected('condition-failed', { available: '100' })
    books
      .when('PlaceHold', { ...toBob('1'), externalReference: 'r' })
      .thenRejected('external-reference-exists', { transactionId: '6' })
  })

  it('frees no reference when it ends', () => {
    const first = held([posting('users:alice', 'users:bob', '1')], { externalReference: 'r' })
    given(...acme, deposited('100'), first, voided('6'))
      .when('PlaceHold', { ...toBob('1'), externalReference: 'r' })
      .thenRejected('external-reference-exists', { holdId: '6' })
  })
})

describe('a hold at the edge of what can be counted', () => {
  it('is refused where posted and pending together would leave it', () => {
    const most = '9'.repeat(31)
    const thousand = Array.from({ length: 1000 }, () => posting('bank:cash', 'users:alice', most))
    given(...acme, posted(thousand))
      .when('PlaceHold', { postings: [posting('bank:cash', 'users:bob', '1000')] })
      .thenRejected('balance-overflow', { account: 'bank:cash', asset: 'USD/2' })
  })
})
