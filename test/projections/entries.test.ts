import { describe, it } from 'vitest'
import { entries } from '#projections/entries.ts'
import {
  accountFrozen,
  accountOpened,
  assetRegistered,
  commandRejected,
  deposit,
  holdCaptured,
  holdExtended,
  holdPlaced,
  holdVoided,
  ledgerChanged,
  ledgerOpened,
  record,
  recordedAtOf,
  transactionPosted,
  transfer,
} from '#test/support/examples.ts'
import { specify } from '#test/support/projection-specification.ts'

const { given } = specify(entries)

describe('a transaction', () => {
  it('makes an entry on each side of a posting', () => {
    const said = { description: 'top-up', effectiveAt: '2026-02-28T00:00:00.000Z' }
    const both = {
      kind: 'posting',
      transactionId: '4',
      revision: '4',
      posting: 0,
      amount: '2500',
      recordedAt: recordedAtOf(4n),
      ...said,
    } as const
    given(transactionPosted(said, { revision: 4n })).thenDocuments({
      '4/000/0': {
        ...record('bank:cash', { postedDebits: 2500n }),
        ...both,
        side: 'debit',
        counterparty: 'users:alice',
      },
      '4/000/1': {
        ...record('users:alice', { postedCredits: 2500n }),
        ...both,
        side: 'credit',
        counterparty: 'bank:cash',
      },
    })
  })

  it('lets the posted totals run from posting to posting and keeps the pending ones', () => {
    const event = transactionPosted(
      {
        postings: [deposit, transfer, { ...transfer, amount: '50' }],
        balances: [
          record('bank:cash', { postedDebits: 92_500n }),
          record('users:alice', {
            postedDebits: 1450n,
            postedCredits: 92_500n,
            pendingDebits: 7n,
          }),
          record('users:bob', { postedCredits: 1050n }),
        ],
      },
      { revision: 4n },
    )
    const alice = { accountId: 'users:alice', postedCredits: '92500', pendingDebits: '7' }
    given(event).thenPart('4/000/1', { ...alice, postedDebits: '400' })
    given(event).thenPart('4/001/0', { ...alice, postedDebits: '1400' })
    given(event).thenPart('4/002/0', { ...alice, postedDebits: '1450' })
    given(event).thenPart('4/001/1', { accountId: 'users:bob', postedCredits: '1000' })
  })

  it('keeps the totals of one asset apart from those of another', () => {
    const event = transactionPosted(
      { postings: [deposit, { ...deposit, asset: 'EUR/2', amount: '30' }] },
      { revision: 4n },
    )
    given(event).thenPart('4/000/1', { asset: 'USD/2', postedCredits: '2500' })
    given(event).thenPart('4/001/1', { asset: 'EUR/2', postedCredits: '30' })
  })
})

describe('a hold', () => {
  it('makes a pending entry per account and asset when it is placed', () => {
    const both = {
      kind: 'pending',
      revision: '5',
      holdId: '5',
      recordedAt: recordedAtOf(5n),
    } as const
    given(holdPlaced({}, { revision: 5n })).thenDocuments({
      '5/b000': { ...record('users:alice', { pendingDebits: 1000n }), ...both },
      '5/b001': { ...record('users:bob', { pendingCredits: 1000n }), ...both },
    })
  })

  it('names the hold when what it reserved is released', () => {
    given(holdVoided({}, { revision: 8n })).thenPart('8/b001', {
      kind: 'pending',
      holdId: '5',
      revision: '8',
      accountId: 'users:bob',
      pendingCredits: '0',
    })
  })

  it('makes posting entries when captured, and pending ones only where nothing is posted', () => {
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
    const both = {
      kind: 'posting',
      transactionId: '6',
      revision: '6',
      posting: 0,
      amount: '400',
      effectiveAt: recordedAtOf(6n),
      recordedAt: recordedAtOf(6n),
    } as const
    given(captured).thenDocuments({
      '6/000/0': {
        ...record('users:alice', { postedDebits: 400n }),
        ...both,
        side: 'debit',
        counterparty: 'users:bob',
      },
      '6/000/1': {
        ...record('users:bob', { postedCredits: 400n }),
        ...both,
        side: 'credit',
        counterparty: 'users:alice',
      },
      '6/b000': {
        ...record('bank:cash'),
        kind: 'pending',
        revision: '6',
        holdId: '5',
        recordedAt: recordedAtOf(6n),
      },
    })
  })

  it('makes none when extended: no total moves', () => {
    given(holdExtended({}, { revision: 6n })).thenDocuments({})
  })
})

describe('an act on an account', () => {
  it('makes an entry that says only where and when', () => {
    given(accountOpened({}, { revision: 2n }), accountFrozen({}, { revision: 3n })).thenDocuments({
      '2/a': { kind: 'act', accountId: 'users:alice', revision: '2', recordedAt: recordedAtOf(2n) },
      '3/a': { kind: 'act', accountId: 'users:alice', revision: '3', recordedAt: recordedAtOf(3n) },
    })
  })
})

describe('what touches no account', () => {
  it('makes no entry', () => {
    given(
      ledgerOpened(),
      ledgerChanged({}, { revision: 1n }),
      assetRegistered({}, { revision: 2n }),
      commandRejected({}, { revision: 3n }),
    ).thenDocuments({})
  })
})

describe('the books contradict', () => {
  it('where a posting moves an account whose totals the event lacks', () => {
    given(
      transactionPosted({ balances: [record('bank:cash', { postedDebits: 2500n })] }),
    ).thenContradiction('users:alice after 0 are missing')
  })

  it('where the totals are smaller than the postings that led to them', () => {
    given(
      transactionPosted({
        balances: [
          record('bank:cash', { postedDebits: 2499n }),
          record('users:alice', { postedCredits: 2500n }),
        ],
      }),
    ).thenContradiction('fewer than no postedDebits')
  })
})
