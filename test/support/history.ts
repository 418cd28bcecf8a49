import type { FrozenDirection, Limits } from '#events/account-events.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import type { HoldCaptured, HoldPlaced } from '#events/hold-events.ts'
import type { LedgerEvent } from '#events/ledger-event.ts'
import type { Posting, SourcedPosting, TransactionPosted } from '#events/transaction-events.ts'
import { record, recorded, recordedAtOf, typeOf } from '#test/support/examples.ts'
import type { BalanceRecord, Totals } from '#values/balances.ts'
import type { Metadata } from '#values/metadata.ts'

/** Something that happened, said briefly: the balances and links that its event carries follow from what came before. */
export type Fact = (paper: Paper) => LedgerEvent

type Side = keyof Totals

/** The books kept on paper, so that histories in tests add up without the code under test. */
class Paper {
  revision = 0n
  readonly #totals = new Map<string, { -readonly [Each in Side]: bigint }>()
  readonly #acts = new Map<string, bigint>()
  readonly holds = new Map<string, { readonly postings: readonly Posting[]; left: bigint[] }>()

  /** Books the amounts and gives the records of all accounts that the postings name. */
  book(postings: readonly Posting[], side: 'posted' | 'pending', sign = 1n): void {
    for (const { debit, credit, asset, amount } of postings) {
      this.#of(debit, asset)[`${side}Debits`] += sign * BigInt(amount)
      this.#of(credit, asset)[`${side}Credits`] += sign * BigInt(amount)
    }
  }

  balances(postings: readonly Posting[]): readonly BalanceRecord[] {
    const keys = postings.flatMap(({ debit, credit, asset }) => [
      `${debit} ${asset}`,
      `${credit} ${asset}`,
    ])
    return this.#records([...new Set(keys)])
  }

  balancesOf(accountId: string): readonly BalanceRecord[] {
    return this.#records([...this.#totals.keys()].filter((key) => key.startsWith(`${accountId} `)))
  }

  /** The revision of the last act on something, which the present event succeeds. */
  previous(of: string): string {
    const before = this.#acts.get(of) ?? 0n
    this.#acts.set(of, this.revision)
    return before.toString()
  }

  #of(accountId: string, asset: string) {
    const key = `${accountId} ${asset}`
    const known = this.#totals.get(key)
    if (known !== undefined) return known
    const fresh = { postedDebits: 0n, postedCredits: 0n, pendingDebits: 0n, pendingCredits: 0n }
    this.#totals.set(key, fresh)
    return fresh
  }

  #records(keys: readonly string[]): readonly BalanceRecord[] {
    return keys
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((key) => {
        const [accountId = '', asset = ''] = key.split(' ')
        return record(accountId, this.#of(accountId, asset), asset)
      })
  }
}

/** One posting in US cents. */
export function posting(debit: string, credit: string, amount: string): Posting {
  return { debit, credit, asset: 'USD/2', amount }
}

/** The books that most tests begin with: bank:cash, users:alice, users:bob and fees are opened at revisions 1 to 4. */
export const acme: readonly Fact[] = [
  ledgerOpened(),
  accountOpened('bank:cash'),
  accountOpened('users:alice'),
  accountOpened('users:bob'),
  accountOpened('fees', { min: null, max: null }),
]

export function ledgerOpened(
  assets: readonly string[] = ['USD/2', 'EUR/2'],
  metadata: Metadata = {},
): Fact {
  return (paper) => {
    paper.previous('ledger')
    return {
      type: 'LedgerOpened',
      data: { assets: assets.map((asset) => ({ asset })), metadata, name: 'Acme Payments' },
    }
  }
}

export function accountOpened(
  accountId: string,
  limits: Limits = { min: '0', max: null },
  metadata: Metadata = {},
): Fact {
  return (paper) => {
    paper.previous(accountId)
    return {
      type: 'AccountOpened',
      data: { accountId, limits, metadata, type: typeOf(accountId) },
    }
  }
}

export function frozen(accountId: string, direction: FrozenDirection): Fact {
  return (paper) => ({
    type: 'AccountFrozen',
    data: { ...act(paper, accountId), direction, reason: 'a dispute' },
  })
}

export function closed(accountId: string): Fact {
  return (paper) => ({
    type: 'AccountClosed',
    data: { ...act(paper, accountId), reason: 'moved away' },
  })
}

/** A transaction of these postings. */
export function posted(
  postings: readonly SourcedPosting[],
  rest: Partial<TransactionPosted['data']> = {},
): Fact {
  return (paper) => {
    paper.book(postings, 'posted')
    const effectiveAt = recordedAtOf(paper.revision)
    const balances = paper.balances(postings)
    return {
      type: 'TransactionPosted',
      data: { balances, effectiveAt, kind: 'transaction', metadata: {}, postings, ...rest },
    }
  }
}

export function deposited(amount: string, to = 'users:alice'): Fact {
  return posted([posting('bank:cash', to, amount)])
}

/** Takes back from the first posting of a deposit to Alice. */
export function reversed(transactionId: string, amount: string): Fact {
  const postings = [{ ...posting('users:alice', 'bank:cash', amount), source: 0 }]
  return posted(postings, { kind: 'reversal', reverses: transactionId, reason: 'a mistake' })
}

export function held(postings: readonly Posting[], rest: Partial<HoldPlaced['data']> = {}): Fact {
  return (paper) => {
    paper.book(postings, 'pending')
    const holdId = paper.revision.toString()
    paper.previous(`hold ${holdId}`)
    paper.holds.set(holdId, { postings, left: postings.map(({ amount }) => BigInt(amount)) })
    const balances = paper.balances(postings)
    return { type: 'HoldPlaced', data: { balances, metadata: {}, postings, ...rest } }
  }
}

/** A capture of these amounts, one per posting of the hold; what a final one leaves is released. */
export function captured(
  holdId: string,
  amounts: readonly string[],
  rest: Partial<HoldCaptured['data']> = {},
): Fact {
  return (paper) => {
    const hold = holdOf(paper, holdId)
    const left = hold.left.map((amount, index) => amount - BigInt(amounts[index] ?? '0'))
    const final = rest.final === true || left.every((amount) => amount === 0n)
    const released = left.map((amount) => (final ? amount : 0n))
    hold.left = left.map((amount) => (final ? 0n : amount))
    const postings = hold.postings.flatMap((each, source) =>
      amounts[source] === '0' ? [] : [{ ...each, amount: amounts[source] ?? '0', source }],
    )
    paper.book(postings, 'posted')
    paper.book(postings, 'pending', -1n)
    paper.book(withAmounts(hold.postings, released), 'pending', -1n)
    return {
      type: 'HoldCaptured',
      data: {
        amounts,
        ...holdAct(paper, holdId),
        effectiveAt: recordedAtOf(paper.revision),
        metadata: {},
        postings,
        released: released.map(String),
        remaining: hold.left.map(String),
        ...rest,
        final,
      },
    }
  }
}

export function voided(holdId: string): Fact {
  return (paper) => {
    const released = releaseAll(paper, holdId)
    return {
      type: 'HoldVoided',
      data: { ...holdAct(paper, holdId), reason: 'not needed any more', released },
    }
  }
}

export function expired(holdId: string): Fact {
  return (paper) => {
    const released = releaseAll(paper, holdId)
    return { type: 'HoldExpired', data: { ...holdAct(paper, holdId), released } }
  }
}

/** The facts as recorded, one after the other, a second apart from noon. */
export function history(facts: readonly Fact[]): readonly RecordedEvent[] {
  const paper = new Paper()
  return facts.map((fact, index) => {
    paper.revision = BigInt(index)
    return recorded(fact(paper), { revision: paper.revision })
  })
}

function act(paper: Paper, accountId: string) {
  return {
    accountId,
    balances: paper.balancesOf(accountId),
    previous: paper.previous(accountId),
  }
}

function holdAct(paper: Paper, holdId: string) {
  const balances = paper.balances(holdOf(paper, holdId).postings)
  return { balances, holdId, previous: paper.previous(`hold ${holdId}`) }
}

function releaseAll(paper: Paper, holdId: string): readonly string[] {
  const hold = holdOf(paper, holdId)
  paper.book(withAmounts(hold.postings, hold.left), 'pending', -1n)
  return hold.left.map(String)
}

function withAmounts(postings: readonly Posting[], amounts: readonly bigint[]): Posting[] {
  return postings.map((each, index) => ({ ...each, amount: String(amounts[index] ?? 0n) }))
}

function holdOf(paper: Paper, holdId: string) {
  const hold = paper.holds.get(holdId)
  if (hold === undefined) throw new Error(`this history has no hold ${holdId}`)
  return hold
}
