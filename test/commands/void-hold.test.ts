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

const voiding = { holdId: '6', reason: 'guest cancelled' }
const reserved = (expiresAt?: string) =>
  held(
    [posting('users:alice', 'users:bob', '4000'), posting('users:alice', 'fees', '40')],
    expiresAt === undefined ? {} : { expiresAt },
  )
const books: readonly Fact[] = [...acme, deposited('10000'), reserved()]

describe('voiding a hold', () => {
  it('gives back all of it', () => {
    given(...books)
      .when('VoidHold', voiding)
      .thenEvent('HoldVoided', {
        holdId: '6',
        previous: '6',
        reason: 'guest cancelled',
        released: ['4000', '40'],
        balances: [
          record('fees'),
          record('users:alice', { postedCredits: 10_000n }),
          record('users:bob'),
        ],
      })
  })

  it('gives back what captures left', () => {
    given(...books, captured('6', ['1000', '40']))
      .when('VoidHold', voiding)
      .thenAccepted('HoldVoided', { previous: '7', released: ['3000', '0'] })
  })

  it('is not hindered by frozen accounts', () => {
    given(...books, frozen('users:alice', 'all'), frozen('users:bob', 'all'))
      .when('VoidHold', voiding)
      .thenAccepted('HoldVoided')
  })

  it.each([
    [voided('6'), 'voided'],
    [captured('6', ['4000', '40']), 'captured'],
  ] as const)('is refused once the hold has ended', (end, status) => {
    given(...books, end)
      .when('VoidHold', voiding)
      .thenRejected('hold-not-open', { holdId: '6', status })
  })

  it('is refused for a hold that never was', () => {
    given(...books)
      .when('VoidHold', { ...voiding, holdId: '4' })
      .thenRejected('hold-not-found', { holdId: '4' })
  })

  it('is refused from the expiry on, before and after HoldExpired', () => {
    const expiresAt = '2026-03-01T13:00:00.000Z'
    const due: readonly Fact[] = [...acme, deposited('10000'), reserved(expiresAt)]
    given(...due)
      .when('VoidHold', voiding, '2026-03-01T12:59:59.999Z')
      .thenAccepted('HoldVoided')
    given(...due)
      .when('VoidHold', voiding, expiresAt)
      .thenRejected('hold-expired')
    given(...due, expired('6'))
      .when('VoidHold', voiding, expiresAt)
      .thenRejected('hold-expired')
  })
})
