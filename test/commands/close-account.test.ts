import { describe, it } from 'vitest'
import { record } from '#test/support/examples.ts'
import {
  acme,
  captured,
  closed,
  deposited,
  frozen,
  held,
  posted,
  posting,
  voided,
} from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

const closing = { accountId: 'users:alice', reason: 'moved away' }
const emptied = posted([posting('users:alice', 'users:bob', '100')])

describe('closing an account', () => {
  it('is done where it holds nothing', () => {
    given(...acme, deposited('100'), emptied)
      .when('CloseAccount', closing)
      .thenEvent('AccountClosed', {
        accountId: 'users:alice',
        reason: 'moved away',
        previous: '2',
        balances: [record('users:alice', { postedDebits: 100n, postedCredits: 100n })],
      })
  })

  it('is done where it was never used, or is frozen', () => {
    given(...acme)
      .when('CloseAccount', closing)
      .thenAccepted('AccountClosed', { balances: [] })
    given(...acme, frozen('users:alice', 'all'))
      .when('CloseAccount', closing)
      .thenAccepted('AccountClosed', { previous: '5' })
  })

  it('is refused with a balance of either sign', () => {
    given(...acme, deposited('100'))
      .when('CloseAccount', closing)
      .thenRejected('account-not-empty', {
        account: 'users:alice',
        asset: 'USD/2',
        posted: '100',
      })
    given(...acme, posted([posting('fees', 'users:bob', '3')]))
      .when('CloseAccount', { ...closing, accountId: 'fees' })
      .thenRejected('account-not-empty', { account: 'fees', posted: '-3' })
  })

  it('is refused with open holds, outgoing or incoming', () => {
    const incoming = held([posting('bank:cash', 'users:alice', '7')])
    given(...acme, incoming)
      .when('CloseAccount', closing)
      .thenRejected('account-has-holds', {
        account: 'users:alice',
        asset: 'USD/2',
        pendingCredits: '7',
        pendingDebits: '0',
      })
    given(...acme, incoming, voided('5'))
      .when('CloseAccount', closing)
      .thenAccepted('AccountClosed')
  })

  it('is refused while a hold is captured in part', () => {
    const out = held([posting('users:alice', 'users:bob', '100')])
    const partly = captured('6', ['60'])
    const spent = posted([
      posting('fees', 'users:alice', '60'),
      posting('users:alice', 'fees', '100'),
    ])
    given(...acme, deposited('100'), out, partly, spent)
      .when('CloseAccount', closing)
      .thenRejected('account-has-holds', { pendingDebits: '40' })
  })

  it('is refused for accounts that are closed or missing', () => {
    given(...acme, closed('users:alice'))
      .when('CloseAccount', closing)
      .thenRejected('account-closed', { account: 'users:alice' })
    given(...acme)
      .when('CloseAccount', { ...closing, accountId: 'users:carol' })
      .thenRejected('account-not-found')
  })
})
