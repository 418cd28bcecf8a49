import { describe, it } from 'vitest'
import { record, recordedAtOf } from '#test/support/examples.ts'
import {
  accountOpened,
  acme,
  closed,
  deposited,
  frozen,
  held,
  posted,
  posting,
} from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

const toBob = (amount: string) => ({ postings: [posting('users:alice', 'users:bob', amount)] })
const conditions = (available: { gte?: string; lte?: string }) => ({
  conditions: [{ account: 'users:alice', asset: 'USD/2', available }],
})

describe('a transaction', () => {
  it('debits one account and credits another by the same amount', () => {
    given(...acme, deposited('10000'))
      .when('PostTransaction', toBob('2550'))
      .thenEvent('TransactionPosted', {
        kind: 'transaction',
        postings: [posting('users:alice', 'users:bob', '2550')],
        effectiveAt: recordedAtOf(6n),
        metadata: {},
        balances: [
          record('users:alice', { postedDebits: 2550n, postedCredits: 10_000n }),
          record('users:bob', { postedCredits: 2550n }),
        ],
      })
  })

  it('keeps what the client says about it', () => {
    const particulars = {
      description: 'Lunch',
      externalReference: 'order 17',
      metadata: { table: '4' },
    }
    given(...acme, deposited('100'))
      .when('PostTransaction', { ...toBob('1'), ...particulars })
      .thenAccepted('TransactionPosted', particulars)
  })

  it('moves several assets at once', () => {
    const postings = [
      posting('bank:cash', 'users:alice', '100'),
      { ...posting('bank:cash', 'users:alice', '80'), asset: 'EUR/2' },
    ]
    given(...acme)
      .when('PostTransaction', { postings })
      .thenAccepted('TransactionPosted', {
        balances: [
          record('bank:cash', { postedDebits: 80n }, 'EUR/2'),
          record('bank:cash', { postedDebits: 100n }),
          record('users:alice', { postedCredits: 80n }, 'EUR/2'),
          record('users:alice', { postedCredits: 100n }),
        ],
      })
  })

  it('is refused for an asset that is not registered', () => {
    const postings = [{ ...posting('bank:cash', 'users:alice', '1'), asset: 'GBP/2' }]
    given(...acme)
      .when('PostTransaction', { postings })
      .thenRejected('asset-unknown', { asset: 'GBP/2' })
  })

  it('is refused for an account on both sides', () => {
    given(...acme)
      .when('PostTransaction', { postings: [posting('users:bob', 'users:bob', '1')] })
      .thenRejected('same-account', { account: 'users:bob', index: 0 })
  })

  it.each(['debit', 'credit'])('is refused for a %s account that was never opened', (side) => {
    given(...acme)
      .when('PostTransaction', {
        postings: [{ ...posting('bank:cash', 'fees', '1'), [side]: 'users:carol' }],
      })
      .thenRejected('account-not-found', { account: 'users:carol' })
  })

  it.each(['debit', 'credit'])('is refused for a closed %s account', (side) => {
    given(...acme, closed('users:bob'))
      .when('PostTransaction', {
        postings: [{ ...posting('bank:cash', 'fees', '1'), [side]: 'users:bob' }],
      })
      .thenRejected('account-closed', { account: 'users:bob' })
  })
})

describe('a transaction against the minimum', () => {
  it('may take all that is available', () => {
    given(...acme, deposited('100'))
      .when('PostTransaction', toBob('100'))
      .thenAccepted('TransactionPosted')
  })

  it('is refused one cent beyond it, with the numbers', () => {
    given(...acme, deposited('100'))
      .when('PostTransaction', toBob('101'))
      .thenRejected('insufficient-funds', {
        account: 'users:alice',
        asset: 'USD/2',
        available: '100',
        required: '101',
        min: '0',
      })
  })

  it('cannot take what a hold reserves', () => {
    given(...acme, deposited('100'), held([posting('users:alice', 'users:bob', '40')]))
      .when('PostTransaction', toBob('61'))
      .thenRejected('insufficient-funds', { available: '60', required: '61' })
  })

  it('cannot spend what a hold may yet bring', () => {
    given(...acme, held([posting('bank:cash', 'users:alice', '100')]))
      .when('PostTransaction', toBob('1'))
      .thenRejected('insufficient-funds', { available: '0', required: '1' })
  })

  it('may go as far below zero as the account allows', () => {
    const overdraft = accountOpened('users:carol', { min: '-500', max: null })
    const spend = (amount: string) => ({ postings: [posting('users:carol', 'fees', amount)] })
    given(...acme, overdraft)
      .when('PostTransaction', spend('500'))
      .thenAccepted('TransactionPosted')
    given(...acme, overdraft)
      .when('PostTransaction', spend('501'))
      .thenRejected('insufficient-funds', { min: '-500' })
  })

  it('counts the debit-normal way round for an asset account', () => {
    given(...acme, deposited('100'))
      .when('PostTransaction', { postings: [posting('users:alice', 'bank:cash', '101')] })
      .thenRejected('insufficient-funds', { account: 'bank:cash', available: '100' })
  })

  it('looks at each asset alone', () => {
    given(...acme, deposited('100'))
      .when('PostTransaction', {
        postings: [{ ...posting('users:alice', 'users:bob', '1'), asset: 'EUR/2' }],
      })
      .thenRejected('insufficient-funds', { asset: 'EUR/2', available: '0' })
  })

  it('counts the net effect of all postings, in whatever order they stand', () => {
    given(...acme)
      .when('PostTransaction', {
        postings: [
          posting('users:alice', 'users:bob', '70'),
          posting('bank:cash', 'users:alice', '70'),
        ],
      })
      .thenAccepted('TransactionPosted', {
        balances: [
          record('bank:cash', { postedDebits: 70n }),
          record('users:alice', { postedDebits: 70n, postedCredits: 70n }),
          record('users:bob', { postedCredits: 70n }),
        ],
      })
  })

  it('may bring an account back towards its minimum from below', () => {
    const below = accountOpened('users:carol', { min: '100', max: null })
    given(...acme, below)
      .when('PostTransaction', { postings: [posting('bank:cash', 'users:carol', '30')] })
      .thenAccepted('TransactionPosted')
  })

  it('does not ask for a minimum of types that have none', () => {
    given(...acme)
      .when('PostTransaction', { postings: [posting('fees', 'users:alice', '999')] })
      .thenAccepted('TransactionPosted')
  })
})

describe('a transaction against the maximum', () => {
  const capped = accountOpened('users:carol', { min: '0', max: '1000' })
  const toCarol = (amount: string) => ({ postings: [posting('bank:cash', 'users:carol', amount)] })

  it('may fill the account', () => {
    given(...acme, capped)
      .when('PostTransaction', toCarol('1000'))
      .thenAccepted('TransactionPosted')
  })

  it('is refused one cent beyond it, with the numbers', () => {
    given(...acme, capped, deposited('400', 'users:carol'))
      .when('PostTransaction', toCarol('601'))
      .thenRejected('limit-exceeded', {
        account: 'users:carol',
        asset: 'USD/2',
        ceiling: '400',
        added: '601',
        max: '1000',
      })
  })

  it('counts what open holds may still bring', () => {
    given(...acme, capped, held([posting('bank:cash', 'users:carol', '400')]))
      .when('PostTransaction', toCarol('601'))
      .thenRejected('limit-exceeded', { ceiling: '400', added: '601' })
  })

  it('does not count on what open holds may take away', () => {
    const outgoing = held([posting('users:carol', 'users:bob', '300')])
    given(...acme, capped, deposited('1000', 'users:carol'), outgoing)
      .when('PostTransaction', toCarol('1'))
      .thenRejected('limit-exceeded', { ceiling: '1000', added: '1' })
  })

  it('may take from an account that is above it', () => {
    const over = accountOpened('users:dave', { min: null, max: '-5' })
    given(...acme, over)
      .when('PostTransaction', { postings: [posting('users:dave', 'users:bob', '1')] })
      .thenAccepted('TransactionPosted')
  })
})

describe('a transaction with a frozen account', () => {
  const out = toBob('10')
  const into = { postings: [posting('bank:cash', 'users:alice', '10')] }

  it.each([
    ['debits', out],
    ['credits', into],
    ['all', out],
    ['all', into],
  ] as const)('is refused where %s are frozen', (direction, members) => {
    given(...acme, deposited('100'), frozen('users:alice', direction))
      .when('PostTransaction', members)
      .thenRejected('account-frozen', { account: 'users:alice', frozen: direction })
  })

  it.each([
    ['debits', into],
    ['credits', out],
  ] as const)('goes through the other way where %s are frozen', (direction, members) => {
    given(...acme, deposited('100'), frozen('users:alice', direction))
      .when('PostTransaction', members)
      .thenAccepted('TransactionPosted')
  })
})

describe('the business time of a transaction', () => {
  it('may lie in the past, and is stored in UTC', () => {
    given(...acme, deposited('100'))
      .when('PostTransaction', { ...toBob('1'), effectiveAt: '2026-01-31T23:30:00-02:00' })
      .thenAccepted('TransactionPosted', { effectiveAt: '2026-02-01T01:30:00.000Z' })
  })

  it('may be this very millisecond, not the next', () => {
    const now = '2026-03-01T12:00:06.500Z'
    given(...acme, deposited('100'))
      .when('PostTransaction', { ...toBob('1'), effectiveAt: now }, now)
      .thenAccepted('TransactionPosted', { effectiveAt: now })
    given(...acme, deposited('100'))
      .when('PostTransaction', { ...toBob('1'), effectiveAt: '2026-03-01T12:00:06.501Z' }, now)
      .thenRejected('effective-at-in-future', { effectiveAt: '2026-03-01T12:00:06.501Z', now })
  })

  it('does not make limits look at the past: they look at the present books', () => {
    given(...acme, deposited('100'))
      .when('PostTransaction', { ...toBob('100'), effectiveAt: '1999-12-31T00:00:00Z' })
      .thenAccepted('TransactionPosted')
  })
})

describe('an external reference', () => {
  const referring = { ...toBob('1'), externalReference: 'order 17' }

  it('stands for one transaction', () => {
    const first = posted([posting('bank:cash', 'users:alice', '5')], {
      externalReference: 'order 17',
    })
    given(...acme, first)
      .when('PostTransaction', referring)
      .thenRejected('external-reference-exists', { transactionId: '5' })
  })

  it('is shared with holds', () => {
    const first = held([posting('bank:cash', 'users:bob', '5')], { externalReference: 'order 17' })
    given(...acme, deposited('100'), first)
      .when('PostTransaction', referring)
      .thenRejected('external-reference-exists', { holdId: '6' })
  })
})

describe('conditions', () => {
  it.each([{ gte: '100' }, { lte: '100' }, { gte: '100', lte: '100' }, { gte: '-5', lte: '101' }])(
    'let the transaction through where they hold: %o',
    (available) => {
      given(...acme, deposited('100'))
        .when('PostTransaction', { ...toBob('1'), ...conditions(available) })
        .thenAccepted('TransactionPosted')
    },
  )

  it.each([{ gte: '101' }, { lte: '99' }, { gte: '0', lte: '99' }])(
    'refuse it where they do not: %o',
    (available) => {
      given(...acme, deposited('100'))
        .when('PostTransaction', { ...toBob('1'), ...conditions(available) })
        .thenRejected('condition-failed', {
          account: 'users:alice',
          asset: 'USD/2',
          available: '100',
          index: 0,
        })
    },
  )

  it('look at what is available, holds taken off, before the transaction', () => {
    given(...acme, deposited('100'), held([posting('users:alice', 'users:bob', '30')]))
      .when('PostTransaction', { ...toBob('50'), ...conditions({ gte: '70', lte: '70' }) })
      .thenAccepted('TransactionPosted')
  })

  it('refuse accounts and assets that are not there', () => {
    const asking = (account: string, asset: string) => ({
      ...toBob('1'),
      conditions: [{ account, asset, available: { gte: '0' } }],
    })
    given(...acme, deposited('100'))
      .when('PostTransaction', asking('users:carol', 'USD/2'))
      .thenRejected('account-not-found', { account: 'users:carol' })
    given(...acme, deposited('100'))
      .when('PostTransaction', asking('users:alice', 'GBP/2'))
      .thenRejected('asset-unknown', { asset: 'GBP/2' })
  })
})

describe('amounts at the edge', () => {
  const most = '9'.repeat(31)

  it('have up to 31 digits, and none is lost', () => {
    const beyondDoubles = '9007199254740993'
    given(...acme, deposited(most))
      .when('PostTransaction', toBob(beyondDoubles))
      .thenAccepted('TransactionPosted', {
        balances: [
          record('users:alice', {
            postedDebits: 9_007_199_254_740_993n,
            postedCredits: 10n ** 31n - 1n,
          }),
          record('users:bob', { postedCredits: 9_007_199_254_740_993n }),
        ],
      })
  })

  it('may add up to 10^34 - 1, not to one more', () => {
    const thousand = Array.from({ length: 1000 }, () => posting('bank:cash', 'users:alice', most))
    const upTo = [...thousand, posting('bank:cash', 'users:alice', '999')]
    const one = { postings: [posting('bank:cash', 'users:alice', '1')] }
    given(...acme, posted(thousand))
      .when('PostTransaction', { postings: [posting('bank:cash', 'users:alice', '999')] })
      .thenAccepted('TransactionPosted', {
        balances: [
          record('bank:cash', { postedDebits: 10n ** 34n - 1n }),
          record('users:alice', { postedCredits: 10n ** 34n - 1n }),
        ],
      })
    given(...acme, posted(upTo))
      .when('PostTransaction', one)
      .thenRejected('balance-overflow', { account: 'bank:cash', asset: 'USD/2' })
  })

  it('leave room for what is reserved, so that a hold can always be captured', () => {
    const thousand = Array.from({ length: 1000 }, () => posting('bank:cash', 'users:alice', most))
    given(...acme, held(thousand), held([posting('bank:cash', 'users:bob', '999')]))
      .when('PostTransaction', { postings: [posting('bank:cash', 'users:bob', '1')] })
      .thenRejected('balance-overflow', { account: 'bank:cash' })
  })
})
