import { describe, expect, it } from 'vitest'
import { accounts } from '#projections/accounts.ts'
import {
  accountClosed,
  accountFrozen,
  accountLimitsChanged,
  accountOpened,
  accountReopened,
  accountUnfrozen,
  commandRejected,
  holdExtended,
  holdPlaced,
  ledgerOpened,
  metadataSet,
  record,
  recordedAtOf,
  transactionPosted,
} from '#test/support/examples.ts'
import { specify } from '#test/support/projection-specification.ts'

const { given } = specify(accounts)

const bankOpened = accountOpened({ accountId: 'bank:cash' }, { revision: 1n })
const aliceOpened = accountOpened(
  { accountId: 'users:alice', limits: { min: '0', max: '100000' }, metadata: { tier: 'basic' } },
  { revision: 2n },
)
const bobOpened = accountOpened({ accountId: 'users:bob' }, { revision: 3n })

describe('an account', () => {
  it('is open, unfrozen and without balances at first', () => {
    given(ledgerOpened(), aliceOpened).thenDocuments({
      'users:alice': {
        accountId: 'users:alice',
        type: 'liability',
        status: 'open',
        frozen: 'none',
        limits: { min: '0', max: '100000' },
        metadata: { tier: 'basic' },
        createdAt: recordedAtOf(2n),
        balances: [],
      },
    })
  })

  it('takes its limits and metadata whole from what changed them', () => {
    given(
      aliceOpened,
      accountLimitsChanged({ after: { min: null, max: '7' } }, { revision: 3n }),
      metadataSet({ after: { tier: 'gold' } }, { revision: 4n }),
    ).thenPart('users:alice', { limits: { min: null, max: '7' }, metadata: { tier: 'gold' } })
  })

  it('is frozen in the direction that the last freeze says', () => {
    given(
      aliceOpened,
      accountFrozen({ direction: 'debits' }, { revision: 3n }),
      accountFrozen({ direction: 'all' }, { revision: 4n }),
    ).thenPart('users:alice', { frozen: 'all' })
  })

  it('is free again after an unfreeze', () => {
    given(
      aliceOpened,
      accountFrozen({}, { revision: 3n }),
      accountUnfrozen({}, { revision: 4n }),
    ).thenPart('users:alice', { frozen: 'none' })
  })

  it('stays frozen when it is closed and reopened', () => {
    given(
      aliceOpened,
      accountFrozen({ direction: 'credits' }, { revision: 3n }),
      accountClosed({}, { revision: 4n }),
    ).thenPart('users:alice', { status: 'closed', frozen: 'credits' })
    given(
      aliceOpened,
      accountFrozen({ direction: 'credits' }, { revision: 3n }),
      accountClosed({}, { revision: 4n }),
      accountReopened({}, { revision: 5n }),
    ).thenPart('users:alice', { status: 'open', frozen: 'credits' })
  })
})

const inAsset = (asset: string) => record('users:alice', { postedCredits: 5n }, asset)

describe('the balances of an account', () => {
  it('are those that the last event carried', () => {
    const spent = record('users:alice', { postedDebits: 1000n, postedCredits: 2500n })
    given(
      bankOpened,
      aliceOpened,
      bobOpened,
      transactionPosted({}, { revision: 4n }),
      transactionPosted(
        { balances: [spent, record('users:bob', { postedCredits: 1000n })] },
        { revision: 5n },
      ),
    ).thenPart('users:alice', { balances: [spent] })
  })

  it('are sorted by asset in code unit order, whichever was used first', () => {
    given(
      aliceOpened,
      transactionPosted({ balances: [inAsset('AB/2')] }, { revision: 3n }),
      transactionPosted({ balances: [inAsset('A/2'), inAsset('A_/0')] }, { revision: 4n }),
      transactionPosted({ balances: [inAsset('A1/0'), inAsset('A/2')] }, { revision: 5n }),
    ).thenPart('users:alice', {
      balances: ['A/2', 'A1/0', 'AB/2', 'A_/0'].map(inAsset),
    })
  })

  it('show what a hold reserves', () => {
    given(aliceOpened, bobOpened, holdPlaced({}, { revision: 5n })).thenPart('users:bob', {
      balances: [record('users:bob', { pendingCredits: 1000n })],
    })
  })

  it('come with every act on a hold, also one that moves nothing', () => {
    given(aliceOpened, bobOpened, holdExtended({}, { revision: 6n })).thenPart('users:alice', {
      balances: [record('users:alice', { pendingDebits: 1000n })],
    })
  })

  it('are not touched by a refusal', () => {
    given(aliceOpened, commandRejected({}, { revision: 3n })).thenPart('users:alice', {
      balances: [],
    })
  })
})

describe('the books contradict', () => {
  it('where an account moves that was never opened', () => {
    given(bankOpened, transactionPosted({}, { revision: 4n })).thenContradiction(
      'account users:alice was never opened',
    )
  })

  it('where an account is opened twice', () => {
    given(aliceOpened, { ...aliceOpened, revision: 9n }).thenContradiction('opened twice')
  })

  it('where an account has become one of another type', () => {
    given(
      accountOpened({ accountId: 'users:alice', type: 'expense' }, { revision: 2n }),
      bobOpened,
      holdPlaced({}, { revision: 5n }),
    ).thenContradiction('account users:alice changed its type')
  })
})

describe('an account with very many assets', () => {
  const records = Array.from({ length: 20_000 }, (_, index) => ({
    accountId: 'users:alice',
    type: 'liability' as const,
    asset: `A${String(index).padStart(5, '0')}/2`,
    postedDebits: '0',
    postedCredits: '1',
    pendingDebits: '0',
    pendingCredits: '0',
  }))
  const frozen = (balances: typeof records, revision: bigint) =>
    accountFrozen({ accountId: 'users:alice', direction: 'all', balances }, { revision })
  const before = [
    frozen(records.slice(0, 30), 3n),
    frozen(records.filter((_, index) => index % 2 === 1).toReversed(), 4n),
  ].reduce((document, event) => accounts.evolve(document, event, 'users:alice'), opened())

  it('has them all, each as it was said last, by asset', () => {
    const spent = records.map((each) => ({ ...each, postedDebits: '1' }))
    const after = accounts.evolve(before, frozen(spent.slice(100, 300), 5n), 'users:alice')
    const expected = records.filter((_, at) => at < 30 || at % 2 === 1 || (at >= 100 && at < 300))
    expect(after.balances.map(({ asset }) => asset)).toEqual(expected.map(({ asset }) => asset))
    expect(after.balances.filter(({ postedDebits }) => postedDebits === '1')).toEqual(
      spent.slice(100, 300),
    )
  })

  it('takes in all of them in a moment', () => {
    const begun = performance.now()
    accounts.evolve(before, frozen(records, 5n), 'users:alice')
    expect(performance.now() - begun).toBeLessThan(400)
  })

  function opened() {
    return accounts.evolve(undefined, aliceOpened, 'users:alice')
  }
})
