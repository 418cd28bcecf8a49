import { describe, it } from 'vitest'
import { given } from '#test/support/specification.ts'

describe('opening a ledger', () => {
  it('says its name, assets and metadata', () => {
    given()
      .when('OpenLedger', {
        ledgerId: 'acme',
        name: 'Acme Payments',
        assets: [{ asset: 'USD/2', name: 'US dollar' }, { asset: 'JPY/0' }],
        metadata: { region: 'eu' },
      })
      .thenEvent('LedgerOpened', {
        name: 'Acme Payments',
        assets: [{ asset: 'USD/2', name: 'US dollar' }, { asset: 'JPY/0' }],
        metadata: { region: 'eu' },
      })
  })

  it('may begin without assets', () => {
    given()
      .when('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets: [] })
      .thenEvent('LedgerOpened', { name: 'Acme', assets: [], metadata: {} })
  })
})
