import { describe, it } from 'vitest'

import { acme, closed, frozen } from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

describe('reopening an account', () => {
  it('lets it move again, frozen as it was', () => {
    given(...acme, frozen('users:alice', 'debits'), closed('users:alice'))
      .when('ReopenAccount', { accountId: 'users:alice', reason: 'came back' })
      .thenEvent('AccountReopened', {
        accountId: 'users:alice',
        reason: 'came back',
        previous: '6',
        balances: [],
      })
  })

  it('is refused for accounts that are open or missing', () => {
    given(...acme)
      .when('ReopenAccount', { accountId: 'users:alice', reason: 'came back' })
      .thenRejected('account-not-closed', { account: 'users:alice' })
    given(...acme)
      .when('ReopenAccount', { accountId: 'users:carol', reason: 'came back' })
      .thenRejected('account-not-found', { account: 'users:carol' })
  })
})
