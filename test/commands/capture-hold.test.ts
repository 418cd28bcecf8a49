import { describe, it } from 'vitest'
import { record, recordedAtOf } from '#test/support/examples.ts'
import {
  acme,
  captured,
  deposited,
  expired,
  type Fact,
  frozen,
  held,
  posted,
  posting,
  voided,
} from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

const aliceToBob = (amount: string) => posting('users:alice', 'users:bob', amount)
/** Alice has 10,000 at revision 5; hold 6 reserves 4,000 of it for Bob. */
const books: readonly Fact[] = [...acme, deposited('10000'), held([aliceToBob('4000')])]

describe('a capture', () => {
  it('books a part and keeps the rest reserved', () => {
    given(...books)
      .when('CaptureHold', { holdId: '6', amounts: ['1500'] })
      .thenEvent('HoldCaptured', {
        holdId: '6',
        previous: '6',
        amounts: ['1500'],
        final: false,
        released: ['0'],
        remaining: ['2500'],
        postings: [{ ...aliceToBob('1500'), source: 0 }],
        effectiveAt: recordedAtOf(7n),
        metadata: {},
        balances: [
          record('users:alice', {
            postedCredits: 10_000n,
            postedDebits: 1500n,
            pendingDebits: 2500n,
          }),
          record('users:bob', { postedCredits: 1500n, pendingCredits: 2500n }),
        ],
      })
  })

  it('takes what remains where no amounts are given, and is final then', () => {
    given(...books, captured('6', ['1500']))
      .when('CaptureHold', { holdId: '6' })
      .thenAccepted('HoldCaptured', {
        previous: '7',
        amounts: ['2500'],
        final: true,
        released: ['0'],
        remaining: ['0'],
      })
  })

  it('repeats until the hold is exhausted', () => {
    given(...books, captured('6', ['1500']), captured('6', ['2000']))
      .when('CaptureHold', { holdId: '6', amounts: ['500'] })
      .thenAccepted('HoldCaptured', { previous: '8', final: true, remaining: ['0'] })
  })

  it('releases the rest in the same event where it is final', () => {
    given(...books)
      .when('CaptureHold', { holdId: '6', amounts: ['1500'], final: true })
      .thenAccepted('HoldCaptured', {
        amounts: ['1500'],
        final: true,
        released: ['2500'],
        remaining: ['0'],
        balances: [
          record('users:alice', { postedCredits: 10_000n, postedDebits: 1500n }),
          record('users:bob', { postedCredits: 1500n }),
        ],
      })
  })

  it('is not final for saying so of nothing: false is the default', () => {
    given(...books)
      .when('CaptureHold', { holdId: '6', amounts: ['4000'], final: false })
      .thenAccepted('HoldCaptured', { final: true })
  })

  it('is refused one cent beyond what remains', () => {
    given(...books, captured('6', ['1500']))
      .when('CaptureHold', { holdId: '6', amounts: ['2501'] })
      .thenRejected('capture-exceeds-hold', {
        holdId: '6',
        index: 0,
        remaining: '2500',
        amount: '2501',
      })
  })

  it('keeps what the client says about it', () => {
    const particulars = { description: 'Night 1', externalReference: 'n1', metadata: { n: '1' } }
    given(...books)
      .when('CaptureHold', { holdId: '6', effectiveAt: '2026-02-28T00:00:00Z', ...particulars })
      .thenAccepted('HoldCaptured', { effectiveAt: '2026-02-28T00:00:00.000Z', ...particulars })
  })

  it('is refused with a business time in the future or a reference in use', () => {
    const used = posted([posting('bank:cash', 'fees', '1')], { externalReference: 'n1' })
    given(...books, used)
      .when('CaptureHold', { holdId: '6', effectiveAt: '2026-03-01T12:00:08.001Z' })
      .thenRejected('effective-at-in-future')
    given(...books, used)
      .when('CaptureHold', { holdId: '6', externalReference: 'n1' })
      .thenRejected('external-reference-exists', { transactionId: '7' })
  })
})

describe('a capture of a hold with several postings', () => {
  const two = held([aliceToBob('300'), posting('users:alice', 'fees', '30')])
  const twoPostings: readonly Fact[] = [...acme, deposited('10000'), two]

  it('takes one amount per posting and leaves zero ones out of the transaction', () => {
    given(...twoPostings)
      .when('CaptureHold', { holdId: '6', amounts: ['0', '10'] })
      .thenAccepted('HoldCaptured', {
        amounts: ['0', '10'],
        remaining: ['300', '20'],
        postings: [{ ...posting('users:alice', 'fees', '10'), source: 1 }],
        balances: [
          record('fees', { postedCredits: 10n, pendingCredits: 20n }),
          record('users:alice', {
            postedCredits: 10_000n,
            postedDebits: 10n,
            pendingDebits: 320n,
          }),
          record('users:bob', { pendingCredits: 300n }),
        ],
      })
  })

  it('says which posting was asked too much of', () => {
    given(...twoPostings)
      .when('CaptureHold', { holdId: '6', amounts: ['300', '31'] })
      .thenRejected('capture-exceeds-hold', { index: 1, remaining: '30', amount: '31' })
  })

  it.each([[['300']], [['300', '30', '1']]])('is refused with %j amounts for two', (amounts) => {
    given(...twoPostings)
      .when('CaptureHold', { holdId: '6', amounts })
      .thenRejected('amounts-mismatch', { holdId: '6', postings: 2 })
  })

  it('takes only what is left of each posting by default', () => {
    given(...twoPostings, captured('6', ['300', '0']))
      .when('CaptureHold', { holdId: '6' })
      .thenAccepted('HoldCaptured', { amounts: ['0', '30'], final: true })
  })
})

describe('a capture and the limits', () => {
  it('needs no funds beyond what was reserved', () => {
    const all = held([aliceToBob('10000')])
    given(...acme, deposited('10000'), all)
      .when('CaptureHold', { holdId: '6' })
      .thenAccepted('HoldCaptured')
  })
})

describe('a capture through a frozen account', () => {
  it.each([
    ['users:alice', 'debits'],
    ['users:alice', 'all'],
    ['users:bob', 'credits'],
  ] as const)('is refused: %s, %s', (accountId, direction) => {
    given(...books, frozen(accountId, direction))
      .when('CaptureHold', { holdId: '6' })
      .thenRejected('account-frozen', { account: accountId, frozen: direction })
  })

  it.each([
    ['users:alice', 'credits'],
    ['users:bob', 'debits'],
  ] as const)('goes the other way: %s, %s', (accountId, direction) => {
    given(...books, frozen(accountId, direction))
      .when('CaptureHold', { holdId: '6' })
      .thenAccepted('HoldCaptured')
  })

  it('goes where the frozen account’s postings are left out', () => {
    const two = held([aliceToBob('300'), posting('users:alice', 'fees', '30')])
    given(...acme, deposited('10000'), two, frozen('users:bob', 'all'))
      .when('CaptureHold', { holdId: '6', amounts: ['0', '30'] })
      .thenAccepted('HoldCaptured')
  })
})

describe('a capture of a hold that is over', () => {
  it.each([
    [captured('6', ['4000']), 'captured'],
    [captured('6', ['1'], { final: true }), 'captured'],
    [voided('6'), 'voided'],
  ] as const)('is refused with how it ended', (end, status) => {
    given(...books, end)
      .when('CaptureHold', { holdId: '6' })
      .thenRejected('hold-not-open', { holdId: '6', status })
  })

  it('is refused as expired after HoldExpired', () => {
    given(...books, expired('6'))
      .when('CaptureHold', { holdId: '6' })
      .thenRejected('hold-expired', { holdId: '6' })
  })

  it.each(['99', '5'])('is refused where there never was one: %s', (holdId) => {
    given(...books)
      .when('CaptureHold', { holdId })
      .thenRejected('hold-not-found', { holdId })
  })
})

describe('a capture and the clock', () => {
  const expiresAt = '2026-03-01T13:00:00.000Z'
  const expiring: readonly Fact[] = [
    ...acme,
    deposited('10000'),
    held([aliceToBob('4000')], { expiresAt }),
  ]

  it('is taken in the last millisecond before expiry', () => {
    given(...expiring)
      .when('CaptureHold', { holdId: '6' }, '2026-03-01T12:59:59.999Z')
      .thenAccepted('HoldCaptured')
  })

  it('is refused from that moment on, before anyone wrote HoldExpired', () => {
    given(...expiring)
      .when('CaptureHold', { holdId: '6' }, expiresAt)
      .thenRejected('hold-expired', { holdId: '6', status: 'expired' })
  })

  it('leaves the money reserved until HoldExpired is written', () => {
    given(...expiring)
      .when('PostTransaction', { postings: [aliceToBob('6001')] }, expiresAt)
      .thenRejected('insufficient-funds', { available: '6000' })
    given(...expiring, expired('6'))
      .when('PostTransaction', { postings: [aliceToBob('6001')] }, expiresAt)
      .thenAccepted('TransactionPosted')
  })
})
