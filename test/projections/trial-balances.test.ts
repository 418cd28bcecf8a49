import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trialBalances } from '#projections/trial-balances.ts'
import {
  assetRegistered,
  deposit,
  holdCaptured,
  holdPlaced,
  holdVoided,
  ledgerOpened,
  record,
  recordedAtOf,
  transactionPosted,
  transfer,
} from '#test/support/examples.ts'
import { booksOf, throws } from '#test/support/ledger-history.ts'
import { foldAll, specify } from '#test/support/projection-specification.ts'

const { given } = specify(trialBalances)

const zero = { kind: 'asset', totalDebits: '0', totalCredits: '0' } as const
const opened = ledgerOpened({ assets: [{ asset: 'USD/2' }] })

describe('an asset', () => {
  it('has sums from its registration on', () => {
    given(opened, assetRegistered({ asset: 'JPY/0' }, { revision: 1n })).thenDocuments({
      'USD/2': { ...zero, asset: 'USD/2' },
      'JPY/0': { ...zero, asset: 'JPY/0' },
    })
  })

  it('sums what is posted, on both sides alike', () => {
    given(
      opened,
      transactionPosted({}, { revision: 4n }),
      transactionPosted(
        {
          postings: [transfer],
          balances: [
            record('users:alice', { postedDebits: 1000n, postedCredits: 2500n }),
            record('users:bob', { postedCredits: 1000n }),
          ],
        },
        { revision: 5n },
      ),
    ).thenDocument('USD/2', {
      kind: 'asset',
      asset: 'USD/2',
      totalDebits: '3500',
      totalCredits: '3500',
    })
  })
})

describe('an account', () => {
  it('shows its posted totals in each asset', () => {
    given(
      ledgerOpened(),
      transactionPosted(
        { postings: [deposit, transfer, { ...deposit, asset: 'EUR/2', amount: '30' }] },
        { revision: 4n },
      ),
    ).thenDocuments({
      'USD/2': { kind: 'asset', asset: 'USD/2', totalDebits: '3500', totalCredits: '3500' },
      'EUR/2': { kind: 'asset', asset: 'EUR/2', totalDebits: '30', totalCredits: '30' },
      'USD/2|bank:cash': row('bank:cash', 'asset', ['2500', '0']),
      'USD/2|users:alice': row('users:alice', 'liability', ['1000', '2500']),
      'USD/2|users:bob': row('users:bob', 'liability', ['0', '1000']),
      'EUR/2|bank:cash': { ...row('bank:cash', 'asset', ['30', '0']), asset: 'EUR/2' },
      'EUR/2|users:alice': { ...row('users:alice', 'liability', ['0', '30']), asset: 'EUR/2' },
    })
  })

  it('appears with what is captured, not with what is only reserved or released', () => {
    const captured = holdCaptured(
      {
        balances: [
          record('bank:cash'),
          record('users:alice', { postedDebits: 400n }),
          record('users:bob', { postedCredits: 400n }),
        ],
      },
      { revision: 6n },
    )
    const both = { 'USD/2': { ...zero, asset: 'USD/2' } }
    given(opened, holdPlaced({}, { revision: 5n }), holdVoided({}, { revision: 6n })).thenDocuments(
      both,
    )
    given(opened, holdPlaced({}, { revision: 5n }), captured).thenDocuments({
      'USD/2': { kind: 'asset', asset: 'USD/2', totalDebits: '400', totalCredits: '400' },
      'USD/2|users:alice': row('users:alice', 'liability', ['400', '0', 6n]),
      'USD/2|users:bob': row('users:bob', 'liability', ['0', '400', 6n]),
    })
  })
})

describe('the books contradict', () => {
  it('where an asset is posted that was never registered', () => {
    given(transactionPosted({}, { revision: 4n })).thenContradiction(
      'asset USD/2 was never registered',
    )
  })

  it('where the totals of an account are not what its postings add up to', () => {
    const balances = [
      record('bank:cash', { postedDebits: 2500n }),
      record('users:alice', { postedCredits: 2501n }),
    ]
    given(opened, transactionPosted({ balances }, { revision: 4n })).thenContradiction(
      'the postings on users:alice do not add up to its USD/2 totals',
    )
  })

  it('where an asset is registered twice', () => {
    given(opened, assetRegistered({ asset: 'USD/2' }, { revision: 1n })).thenContradiction('twice')
  })
})

describe('after an event that was skipped', () => {
  const evolveAfterSkip: typeof trialBalances.evolve = (document, event, key) => {
    if (trialBalances.evolveAfterSkip === undefined) throw new Error('it has no such fold')
    return trialBalances.evolveAfterSkip(document, event, key)
  }

  it('an account has the totals that the next event carries, and its line alone', () => {
    const balances = [
      record('bank:cash', { postedDebits: 5000n }),
      record('users:alice', { postedCredits: 5000n }),
    ]
    const next = transactionPosted({ balances }, { revision: 5n })
    const line = `5 ${recordedAtOf(5n)} 0 2500;`
    expect(evolveAfterSkip(undefined, next, 'USD/2|users:alice')).toEqual({
      ...row('users:alice', 'liability', ['0', '5000']),
      postings: line,
    })
    const before = row('users:alice', 'liability', ['0', '1', 3n])
    expect(evolveAfterSkip(before, next, 'USD/2|users:alice')).toEqual({
      ...row('users:alice', 'liability', ['0', '5000']),
      postings: before.postings + line,
      count: 2,
    })
  })

  it('an asset whose registration is lacking begins with what is posted in it', () => {
    const sums = { totalDebits: '2500', totalCredits: '2500' }
    expect(evolveAfterSkip(undefined, transactionPosted({}, { revision: 4n }), 'USD/2')).toEqual({
      kind: 'asset',
      asset: 'USD/2',
      ...sums,
    })
  })

  it('all is as ever where the history lacks nothing', () => {
    const always = { ...trialBalances, evolve: evolveAfterSkip }
    fc.assert(
      fc.property(throws, (dice) => {
        const { events } = booksOf('acme', dice)
        expect(foldAll(always, events)).toEqual(foldAll(trialBalances, events))
      }),
      { numRuns: 50 },
    )
  })
})

/** After the one event that touched it, at revision 4 unless said otherwise. */
function row(
  accountId: string,
  type: 'asset' | 'liability',
  [debits, credits, revision = 4n]: readonly [string, string, bigint?],
) {
  const postings = `${revision} ${recordedAtOf(revision)} ${debits} ${credits};`
  const totals = { kind: 'account', asset: 'USD/2', accountId, type, debits, credits } as const
  return { ...totals, runs: 0, postings, count: 1 }
}
