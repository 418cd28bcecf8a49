import { describe, it } from 'vitest'
import { record } from '#test/support/examples.ts'
import {
  acme,
  captured,
  deposited,
  expired,
  type Fact,
  held,
  posting,
  voided,
} from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

const expiresAt = '2026-03-01T13:00:00.000Z'
const now = '2026-03-01T12:30:00.000Z'
const reserved = [posting('users:alice', 'users:bob', '4000')]
const books: readonly Fact[] = [...acme, deposited('10000'), held(reserved, { expiresAt })]
const to = (time: string) => ({ holdId: '6', expiresAt: time })

describe('extending a hold', () => {
  it('moves its expiry and nothing else', () => {
    given(...books)
      .when('ExtendHold', to('2026-03-02T00:00:00+00:00'), now)
      .thenEvent('HoldExtended', {
        holdId: '6',
        previous: '6',
        before: expiresAt,
        after: '2026-03-02T00:00:00.000Z',
        balances: [
          record('users:alice', { postedCredits: 10_000n, pendingDebits: 4000n }),
          record('users:bob', { pendingCredits: 4000n }),
        ],
      })
  })

  it('may shorten it, down to the next millisecond', () => {
    given(...books)
      .when('ExtendHold', to('2026-03-01T12:30:00.001Z'), now)
      .thenAccepted('HoldExtended', { after: '2026-03-01T12:30:00.001Z' })
  })

  it.each([now, '2026-03-01T12:29:59.999Z'])('is refused to now or the past: %s', (time) => {
    given(...books)
      .when('ExtendHold', to(time), now)
      .thenRejected('expires-at-not-in-future', { expiresAt: time, now })
  })

  it('gives an expiry to a hold without one', () => {
    given(...acme, deposited('10000'), held(reserved))
      .when('ExtendHold', to(expiresAt), now)
      .thenEvent('HoldExtended', {
        holdId: '6',
        previous: '6',
        after: expiresAt,
        balances: [
          record('users:alice', { postedCredits: 10_000n, pendingDebits: 4000n }),
          record('users:bob', { pendingCredits: 4000n }),
        ],
      })
  })

  it('works on what captures left', () => {
    given(...books, captured('6', ['1000']))
      .when('ExtendHold', to('2026-03-02T00:00:00Z'), now)
      .thenAccepted('HoldExtended', { previous: '7' })
  })

  it('is refused for a hold that is over or never was', () => {
    given(...books, voided('6'))
      .when('ExtendHold', to('2026-03-02T00:00:00Z'), now)
      .thenRejected('hold-not-open', { status: 'voided' })
    given(...books)
      .when('ExtendHold', { ...to('2026-03-02T00:00:00Z'), holdId: '12' }, now)
      .thenRejected('hold-not-found')
  })

  it('can’t bring back a hold that is due', () => {
    given(...books)
      .when('ExtendHold', to('2026-03-02T00:00:00Z'), expiresAt)
      .thenRejected('hold-expired')
    given(...books, expired('6'))
      .when('ExtendHold', to('2026-03-02T00:00:00Z'), now)
      .thenRejected('hold-expired')
  })
})
