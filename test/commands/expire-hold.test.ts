import { describe, it } from 'vitest'
import { record } from '#test/support/examples.ts'
import {
  acme,
  captured,
  deposited,
  expired,
  type Fact,
  frozen,
  held,
  posting,
  voided,
} from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

const expiresAt = '2026-03-01T13:00:00.000Z'
const reserved = [posting('users:alice', 'users:bob', '4000')]
const books: readonly Fact[] = [...acme, deposited('10000'), held(reserved, { expiresAt })]

describe('the program expiring a hold', () => {
  it('gives back what remains, from the very moment on', () => {
    given(...books, captured('6', ['1500']))
      .when('ExpireHold', { holdId: '6' }, expiresAt)
      .thenEvent('HoldExpired', {
        holdId: '6',
        previous: '7',
        released: ['2500'],
        balances: [
          record('users:alice', { postedCredits: 10_000n, postedDebits: 1500n }),
          record('users:bob', { postedCredits: 1500n }),
        ],
      })
  })

  it('is not hindered by frozen accounts', () => {
    given(...books, frozen('users:alice', 'all'))
      .when('ExpireHold', { holdId: '6' }, expiresAt)
      .thenAccepted('HoldExpired')
  })

  it('leaves alone what is not due, has no expiry, is over or never was', () => {
    const early = '2026-03-01T12:59:59.999Z'
    given(...books)
      .when('ExpireHold', { holdId: '6' }, early)
      .thenNothing()
    given(...acme, deposited('10000'), held(reserved))
      .when('ExpireHold', { holdId: '6' }, expiresAt)
      .thenNothing()
    for (const end of [voided('6'), expired('6'), captured('6', ['4000'])])
      given(...books, end)
        .when('ExpireHold', { holdId: '6' }, expiresAt)
        .thenNothing()
    given(...books)
      .when('ExpireHold', { holdId: '77' }, expiresAt)
      .thenNothing()
  })
})
