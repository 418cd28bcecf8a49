import { describe, it } from 'vitest'
import { record } from '#test/support/examples.ts'
import {
  accountOpened,
  acme,
  closed,
  deposited,
  type Fact,
  held,
  posting,
} from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'
import type { JsonObject } from '#values/json.ts'

/** Alice has 100, of which 30 are reserved; 20 may come in. */
const books: readonly Fact[] = [
  ...acme,
  deposited('100'),
  held([posting('users:alice', 'users:bob', '30')]),
  held([posting('bank:cash', 'users:alice', '20')]),
]
const changing = (limits: JsonObject) => ({ accountId: 'users:alice', limits })

describe('changing the limits of an account', () => {
  it('changes only the ones given, and says what was before', () => {
    given(...books)
      .when('ChangeAccountLimits', changing({ max: '5000' }))
      .thenEvent('AccountLimitsChanged', {
        accountId: 'users:alice',
        before: { min: '0', max: null },
        after: { min: '0', max: '5000' },
        previous: '2',
        balances: [
          record('users:alice', {
            postedCredits: 100n,
            pendingDebits: 30n,
            pendingCredits: 20n,
          }),
        ],
      })
  })

  it('takes one away with null', () => {
    given(...books)
      .when('ChangeAccountLimits', changing({ min: null }))
      .thenAccepted('AccountLimitsChanged', { after: { min: null, max: null } })
  })

  it('may go as far as what is available and what may come in', () => {
    given(...books)
      .when('ChangeAccountLimits', changing({ min: '70', max: '120' }))
      .thenAccepted('AccountLimitsChanged', { after: { min: '70', max: '120' } })
  })

  it.each([{ min: '71' }, { max: '119' }])(
    'is refused where the balance is outside already: %j',
    (limits) => {
      given(...books)
        .when('ChangeAccountLimits', changing(limits))
        .thenRejected('limits-violated-by-balance', {
          account: 'users:alice',
          asset: 'USD/2',
          available: '70',
          ceiling: '120',
        })
    },
  )

  it('does not ask about the limit that stays', () => {
    const below = accountOpened('users:carol', { min: '100', max: null })
    given(...acme, below, deposited('1', 'users:carol'))
      .when('ChangeAccountLimits', { accountId: 'users:carol', limits: { max: '500' } })
      .thenAccepted('AccountLimitsChanged', { after: { min: '100', max: '500' } })
  })

  it('is refused with a minimum above the maximum, also the one that stays', () => {
    given(...books)
      .when('ChangeAccountLimits', changing({ min: '3', max: '2' }))
      .thenRejected('limits-inverted', { min: '3', max: '2' })
    given(...books)
      .when('ChangeAccountLimits', changing({ max: '-1' }))
      .thenRejected('limits-inverted', { min: '0', max: '-1' })
  })

  it('is refused for accounts that are closed or missing', () => {
    given(...acme, closed('users:bob'))
      .when('ChangeAccountLimits', { accountId: 'users:bob', limits: { max: '1' } })
      .thenRejected('account-closed', { account: 'users:bob' })
    given(...acme)
      .when('ChangeAccountLimits', { accountId: 'users:carol', limits: { max: '1' } })
      .thenRejected('account-not-found', { account: 'users:carol' })
  })
})
