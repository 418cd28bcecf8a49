import { describe, it } from 'vitest'
import { record } from '#test/support/examples.ts'
import { acme, closed, deposited, type Fact, frozen } from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

const books: readonly Fact[] = [...acme, deposited('100')]
const freezing = (direction: string) => ({
  accountId: 'users:alice',
  direction,
  reason: 'court order',
})
const balances = [record('users:alice', { postedCredits: 100n })]

describe('freezing an account', () => {
  it.each(['debits', 'credits', 'all'] as const)('stops %s', (direction) => {
    given(...books)
      .when('FreezeAccount', freezing(direction))
      .thenEvent('AccountFrozen', {
        accountId: 'users:alice',
        direction,
        reason: 'court order',
        previous: '2',
        balances,
      })
  })

  it('a second time replaces the direction', () => {
    given(...books, frozen('users:alice', 'all'))
      .when('FreezeAccount', freezing('credits'))
      .thenAccepted('AccountFrozen', { direction: 'credits', previous: '6' })
    given(...books, frozen('users:alice', 'all'), frozen('users:alice', 'credits'))
      .when('PlaceHold', {
        postings: [{ debit: 'users:alice', credit: 'fees', asset: 'USD/2', amount: '1' }],
      })
      .thenAccepted('HoldPlaced')
  })

  it('is refused for accounts that are closed or missing', () => {
    given(...acme, closed('users:alice'))
      .when('FreezeAccount', freezing('all'))
      .thenRejected('account-closed', { account: 'users:alice' })
    given(...acme)
      .when('FreezeAccount', { ...freezing('all'), accountId: 'users:carol' })
      .thenRejected('account-not-found', { account: 'users:carol' })
  })
})
