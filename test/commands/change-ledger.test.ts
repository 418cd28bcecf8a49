import { describe, it } from 'vitest'
import { acme, ledgerOpened } from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

describe('changing a ledger', () => {
  it('gives it another name', () => {
    given(...acme)
      .when('ChangeLedger', { name: 'Acme Wallets' })
      .thenEvent('LedgerChanged', {
        before: { name: 'Acme Payments' },
        after: { name: 'Acme Wallets' },
        previous: '0',
      })
  })

  it('merges its metadata; null removes a key', () => {
    given(ledgerOpened([], { region: 'eu', stage: 'test' }))
      .when('ChangeLedger', { metadata: { stage: null, owner: 'ops' } })
      .thenEvent('LedgerChanged', {
        before: { metadata: { region: 'eu', stage: 'test' } },
        after: { metadata: { owner: 'ops', region: 'eu' } },
        previous: '0',
      })
  })

  it('is refused where the metadata would have 65 keys', () => {
    const keys = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`key ${index}`, '']))
    given(ledgerOpened([], { region: 'eu' }))
      .when('ChangeLedger', { metadata: keys })
      .thenRejected('metadata-too-large')
  })
})
