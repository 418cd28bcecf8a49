import type { RecordedEvent } from '#events/envelope.ts'
import type { LedgerEvent } from '#events/ledger-event.ts'
import type { Posting, SourcedPosting } from '#events/transaction-events.ts'
import { recorded, recordedAtOf } from '#test/support/examples.ts'
import { type AccountType, type BalanceRecord, balanceRecord } from '#values/balances.ts'

type Totals = Record<'postedDebits' | 'postedCredits' | 'pendingDebits' | 'pendingCredits', bigint>

type BookedAccount = {
  readonly accountId: string
  readonly type: AccountType
  readonly totals: Map<string, Totals>
  status: 'open' | 'closed'
  frozen: boolean
  previous: string
}

type BookedHold = {
  readonly holdId: string
  readonly postings: readonly Posting[]
  readonly remaining: bigint[]
  previous: string
}

type BookedTransaction = {
  readonly transactionId: string
  readonly postings: readonly SourcedPosting[]
  readonly reversible: bigint[]
  readonly reverses?: string
}

/** Books kept in the simplest way, with numbers that change in place: nothing like the folds they are to check. */
export class ExampleBooks {
  readonly ledgerId: string
  readonly events: RecordedEvent[] = []
  readonly assets: string[] = []
  readonly accounts = new Map<string, BookedAccount>()
  readonly holds = new Map<string, BookedHold>()
  readonly transactions = new Map<string, BookedTransaction>()

  constructor(ledgerId: string) {
    this.ledgerId = ledgerId
  }

  /** The revision that the next event gets. */
  get next(): string {
    return this.events.length.toString()
  }

  record(event: LedgerEvent): void {
    const revision = BigInt(this.events.length)
    this.events.push(recorded(event, { ledgerId: this.ledgerId, revision }))
  }

  /** Moves what a posting says by that amount, which may be negative, on both of its accounts. */
  move({ debit, credit, asset }: Posting, kind: 'posted' | 'pending', amount: bigint): void {
    this.#totals(debit, asset)[`${kind}Debits`] += amount
    this.#totals(credit, asset)[`${kind}Credits`] += amount
  }

  /** The present totals of every account and asset that the postings name. */
  balances(postings: readonly Posting[]): readonly BalanceRecord[] {
    const places = new Map<string, readonly [string, string]>()
    for (const { debit, credit, asset } of postings)
      for (const accountId of [debit, credit])
        places.set(`${accountId} ${asset}`, [accountId, asset])
    return [...places]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, [accountId, asset]]) => this.balance(accountId, asset))
  }

  balance(accountId: string, asset: string): BalanceRecord {
    const type = this.accounts.get(accountId)?.type ?? 'asset'
    return balanceRecord({ accountId, type }, asset, this.#totals(accountId, asset))
  }

  /** All balances of one account, by asset. */
  balancesOf(accountId: string): readonly BalanceRecord[] {
    const assets = [...(this.accounts.get(accountId)?.totals.keys() ?? [])].toSorted()
    return assets.map((asset) => this.balance(accountId, asset))
  }

  /** Books the postings; what the event of it says. */
  book(postings: readonly SourcedPosting[]) {
    for (const posting of postings) this.move(posting, 'posted', BigInt(posting.amount))
    const effectiveAt = recordedAtOf(BigInt(this.next))
    return { postings, effectiveAt, metadata: {}, balances: this.balances(postings) }
  }

  /** Remembers what the next event posts as something that can be reversed, or is a reversal itself. */
  remember(postings: readonly SourcedPosting[], reverses?: string): void {
    const transactionId = this.next
    const reversible = postings.map(({ amount }) => BigInt(amount))
    const transaction = { transactionId, postings, reversible }
    this.transactions.set(
      transactionId,
      reverses === undefined ? transaction : { ...transaction, reverses },
    )
  }

  /** Takes an amount from what one posting of a hold reserves. */
  free(hold: BookedHold, index: number, amount: bigint): void {
    const posting = hold.postings[index]
    if (posting === undefined) return
    hold.remaining[index] = (hold.remaining[index] ?? 0n) - amount
    this.move(posting, 'pending', -amount)
    if (hold.remaining.every((each) => each === 0n)) this.holds.delete(hold.holdId)
  }

  #totals(accountId: string, asset: string): Totals {
    const account = this.accounts.get(accountId)
    if (account === undefined) throw new Error(`no account ${accountId}`)
    const known = account.totals.get(asset)
    if (known !== undefined) return known
    const fresh = { postedDebits: 0n, postedCredits: 0n, pendingDebits: 0n, pendingCredits: 0n }
    account.totals.set(asset, fresh)
    return fresh
  }
}
