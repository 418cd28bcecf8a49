import type { Note } from '#cli/audit/finding.ts'
import { type JsonReader, Unreadable } from '#cli/audit/json-reader.ts'

/** The four totals of one account in one asset, as numbers that are added to. */
export type Counted = {
  postedDebits: bigint
  postedCredits: bigint
  pendingDebits: bigint
  pendingCredits: bigint
}

export type AuditedAccount = {
  readonly accountId: string
  readonly type: string
  min: bigint | undefined
  max: bigint | undefined
  closed: boolean
  frozen: string
  /** Revision of its last act. */
  last: bigint
  readonly totals: Map<string, Counted>
}

export type AuditedPosting = {
  readonly debit: string
  readonly credit: string
  readonly asset: string
  readonly amount: bigint
}

export type AuditedHold = {
  readonly postings: readonly AuditedPosting[]
  readonly captured: bigint[]
  expiresAt: string | undefined
  last: bigint
}

/** What one posting adds to its debit and its credit account. */
export type Shift = {
  readonly posting: AuditedPosting
  readonly posted: bigint
  readonly pending: bigint
}

const totalMax = 10n ** 34n - 1n
const members = ['postedDebits', 'postedCredits', 'pendingDebits', 'pendingCredits'] as const

/** The books as plain maps, changed in place; nothing here refuses, everything is told. */
export class NaiveBooks {
  readonly assets = new Set<string>()
  readonly accounts = new Map<string, AuditedAccount>()
  readonly openHolds = new Map<string, AuditedHold>()
  /** Per transaction that was ever reversed: reversed minus reinstated, per posting. */
  readonly reversed = new Map<string, bigint[]>()
  /** Digests of the external references in use. */
  readonly references = new Set<string>()
  /** Revision of the last event about the ledger itself. */
  last = 0n
  /** Per asset, debits minus credits over all accounts, as the events say it. */
  readonly #sums = new Map<string, bigint>()

  account(accountId: string): AuditedAccount {
    const account = this.accounts.get(accountId)
    if (account === undefined) throw new Unreadable(`account ${accountId} was never opened`)
    return account
  }

  /** Adds the shifts up, checks limits, and compares with the balances that the event carries. */
  move(shifts: readonly Shift[], said: readonly JsonReader[], note: Note): void {
    const before = new Map<string, Counted>()
    for (const { posting, posted, pending } of shifts) {
      const debited = this.#touched(before, posting.debit, posting.asset)
      debited.postedDebits += posted
      debited.pendingDebits += pending
      const credited = this.#touched(before, posting.credit, posting.asset)
      credited.postedCredits += posted
      credited.pendingCredits += pending
    }
    for (const [place, was] of before) this.#checkLimits(place, was, note)
    this.compare([...before.keys()], said, note)
  }

  /** Compares the totals of places (account and asset) with what an event says of them, and goes on with the latter. */
  compare(places: readonly string[], said: readonly JsonReader[], note: Note): void {
    const expected = places.toSorted(byAccountAndAsset).join(', ')
    const listed = said.map((it) => placeOf(it.text('accountId'), it.text('asset'))).join(', ')
    if (listed !== expected) note('balances', `has the balances of ${listed}, not of ${expected}`)
    const changed = said.filter((record) => this.#compareOne(record, note))
    for (const asset of new Set(changed.map((record) => record.text('asset')))) {
      const sum = this.#sums.get(asset) ?? 0n
      if (sum !== 0n) note('sum-zero', `debits exceed credits by ${sum} ${asset} over all accounts`)
    }
  }

  places({ accountId, totals }: AuditedAccount): readonly string[] {
    return [...totals.keys()].map((asset) => placeOf(accountId, asset))
  }

  /** Whether it changes the sum over all accounts: postings never do. */
  #compareOne(record: JsonReader, note: Note): boolean {
    const account = this.account(record.text('accountId'))
    const asset = record.text('asset')
    if (record.text('type') !== account.type)
      note('balances', `says that ${account.accountId} is of type ${record.text('type')}`)
    const own = countedIn(account, asset)
    const net = own.postedDebits - own.postedCredits
    for (const member of members) {
      const value = record.integer(member)
      if (value !== own[member])
        note(
          'balances',
          `says ${member} ${value} ${asset} of ${account.accountId}, its history makes ${own[member]}`,
        )
      own[member] = value
    }
    const surplus = own.postedDebits - own.postedCredits - net
    this.#sums.set(asset, (this.#sums.get(asset) ?? 0n) + surplus)
    return surplus !== 0n
  }

  #touched(before: Map<string, Counted>, accountId: string, asset: string): Counted {
    const counted = countedIn(this.account(accountId), asset)
    const place = placeOf(accountId, asset)
    if (!before.has(place)) before.set(place, { ...counted })
    return counted
  }

  #checkLimits(place: string, was: Counted, note: Note): void {
    const [accountId = '', asset = ''] = place.split(' ')
    const account = this.account(accountId)
    const is = countedIn(account, asset)
    const [low, lowBefore] = [lowest(account.type, is), lowest(account.type, was)]
    const [high, highBefore] = [highest(account.type, is), highest(account.type, was)]
    if (account.min !== undefined && low < lowBefore && low < account.min)
      note('limits', `${accountId} has ${low} ${asset} available, its minimum is ${account.min}`)
    if (account.max !== undefined && high > highBefore && high > account.max)
      note('limits', `${accountId} may reach ${high} ${asset}, its maximum is ${account.max}`)
    if (members.some((member) => is[member] < 0n || is[member] > totalMax))
      note('balances', `a total of ${accountId} in ${asset} is negative or beyond 10^34 - 1`)
  }
}

/** What is left if everything reserved against the account goes, and nothing reserved for it comes. */
export function lowest(type: string, counted: Counted): bigint {
  return growsByDebits(type)
    ? counted.postedDebits - counted.postedCredits - counted.pendingCredits
    : counted.postedCredits - counted.postedDebits - counted.pendingDebits
}

/** What there is if everything reserved for the account comes, and nothing reserved against it goes. */
export function highest(type: string, counted: Counted): bigint {
  return growsByDebits(type)
    ? counted.postedDebits - counted.postedCredits + counted.pendingDebits
    : counted.postedCredits - counted.postedDebits + counted.pendingCredits
}

function growsByDebits(type: string): boolean {
  return type === 'asset' || type === 'expense'
}

function countedIn({ totals }: AuditedAccount, asset: string): Counted {
  const known = totals.get(asset)
  if (known !== undefined) return known
  const fresh = { postedDebits: 0n, postedCredits: 0n, pendingDebits: 0n, pendingCredits: 0n }
  totals.set(asset, fresh)
  return fresh
}

/** Neither an accountId nor an asset has a space in it. */
function placeOf(accountId: string, asset: string): string {
  return `${accountId} ${asset}`
}

/** By account first: a space sorts before everything that an accountId may go on with. */
function byAccountAndAsset(a: string, b: string): number {
  return a < b ? -1 : 1
}
