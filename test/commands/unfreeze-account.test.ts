import { describe, it } from 'vitest'
import { record } from '#test/support/examples.ts'
import { acme, closed, deposited, type Fact, frozen } from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

const books: readonly Fact[] = [...acme, deposited('100')]
const thawing = { accountId: 'users:alice', reason: 'lifted' }
const balances = [record('users:alice', { postedCredits: 100n })]

describe('unfreezing an account', () => {
  it('lets both sides move again', () => {
    given(...books, frozen('users:alice', 'debits'))
      .when('UnfreezeAccount', thawing)
      .thenEvent('AccountUnfrozen', {
        accountId: 'users:alice',
        reason: 'lifted',
        previous: '6',
        balances,
      })
  })

  it('is refused where nothing is frozen', () => {
    given(...books)
      .when('UnfreezeAccount', thawing)
      .thenRejected('account-not-frozen', { account: 'users:alice' })
  })

  it('is refused for accounts that are closed or missing', () => {
    given(...acme, frozen('users:alice', 'all'), closed('users:alice'))
      .when('UnfreezeAccount', thawing)
      .thenRejected('account-closed')
    given(...acme)
      .when('UnfreezeAccount', { ...thawing, accountId: 'users:carol' })
      .thenRejected('account-not-found')
  })
})
