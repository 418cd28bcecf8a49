import { describe, it } from 'vitest'
import { acme } from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

describe('registering an asset', () => {
  it('lets the ledger keep one more', () => {
    given(...acme)
      .when('RegisterAsset', { asset: 'JPY/0', name: 'Yen' })
      .thenEvent('AssetRegistered', { asset: 'JPY/0', name: 'Yen', previous: '0' })
  })

  it('needs no name', () => {
    given(...acme)
      .when('RegisterAsset', { asset: 'USD/3' })
      .thenEvent('AssetRegistered', { asset: 'USD/3', previous: '0' })
  })

  it('is refused for one that is registered', () => {
    given(...acme)
      .when('RegisterAsset', { asset: 'EUR/2', name: 'Euro' })
      .thenRejected('asset-exists', { asset: 'EUR/2' })
  })
})
