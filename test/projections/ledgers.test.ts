import { describe, it } from 'vitest'
import { ledgers } from '#projections/ledgers.ts'
import {
  accountOpened,
  assetRegistered,
  commandRejected,
  ledgerChanged,
  ledgerOpened,
  recordedAtOf,
} from '#test/support/examples.ts'
import { specify } from '#test/support/projection-specification.ts'

const { given } = specify(ledgers)

describe('a ledger', () => {
  it('is described by what opened it', () => {
    given(ledgerOpened({ name: 'Acme', metadata: { region: 'eu' } })).thenDocuments({
      acme: {
        ledgerId: 'acme',
        name: 'Acme',
        assets: [{ asset: 'USD/2', name: 'US dollar' }, { asset: 'EUR/2' }],
        metadata: { region: 'eu' },
        createdAt: recordedAtOf(0n),
        revision: '0',
      },
    })
  })

  it('changes only what a change names', () => {
    given(
      ledgerOpened({ metadata: { region: 'eu' } }),
      ledgerChanged({ after: { name: 'Acme Wallets' } }, { revision: 1n }),
      ledgerChanged(
        { before: { metadata: { region: 'eu' } }, after: { metadata: {} } },
        { revision: 2n },
      ),
    ).thenPart('acme', { name: 'Acme Wallets', metadata: {}, revision: '2' })
  })

  it('lists a registered asset last, without what only the event needs', () => {
    given(
      ledgerOpened({ assets: [{ asset: 'USD/2' }] }),
      assetRegistered({ asset: 'JPY/0', name: 'Yen', previous: '0' }, { revision: 1n }),
      assetRegistered({ asset: 'BTC/8', name: 'Bitcoin', previous: '1' }, { revision: 2n }),
    ).thenPart('acme', {
      assets: [
        { asset: 'USD/2' },
        { asset: 'JPY/0', name: 'Yen' },
        { asset: 'BTC/8', name: 'Bitcoin' },
      ],
    })
  })

  it('moves its revision with every event, whatever that is about', () => {
    given(
      ledgerOpened(),
      accountOpened({}, { revision: 1n }),
      commandRejected({}, { revision: 2n }),
    ).thenPart('acme', { revision: '2', createdAt: recordedAtOf(0n) })
  })

  it('contradicts the books where an event comes before its opening', () => {
    given(accountOpened({}, { revision: 1n })).thenContradiction('ledger acme was never opened')
  })

  it('contradicts the books where it is opened twice', () => {
    given(ledgerOpened(), ledgerOpened({}, { revision: 1n })).thenContradiction('opened twice')
  })

  it('contradicts the books where an asset is registered twice', () => {
    given(ledgerOpened(), assetRegistered({ asset: 'USD/2' }, { revision: 1n })).thenContradiction(
      'asset USD/2 was registered twice',
    )
  })
})
