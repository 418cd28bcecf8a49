import type { FrozenDirection, Limits } from '#events/account-events.ts'
import type { RegisteredAsset } from '#events/ledger-events.ts'
import type { Posting, SourcedPosting } from '#events/transaction-events.ts'
import type { Amount, SignedAmount } from '#values/amounts.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountType, BalanceRecord } from '#values/balances.ts'
import type { AccountId, LedgerId, RevisionId } from '#values/ids.ts'
import type { Metadata } from '#values/metadata.ts'
import type { Timestamp } from '#values/timestamps.ts'

/** Id: the ledgerId. `revision` is the last one applied, whatever event it was. */
export type LedgerDocument = {
  readonly ledgerId: LedgerId
  readonly name: string
  readonly assets: readonly RegisteredAsset[]
  readonly metadata: Metadata
  readonly createdAt: Timestamp
  readonly revision: RevisionId
}

/** Id: the accountId. `balances` has one record per asset ever used, by asset. */
export type AccountDocument = {
  readonly accountId: AccountId
  readonly type: AccountType
  readonly status: 'open' | 'closed'
  readonly frozen: 'none' | FrozenDirection
  readonly limits: Limits
  readonly metadata: Metadata
  readonly createdAt: Timestamp
  readonly balances: readonly BalanceRecord[]
}

/** Id: the transactionId. The transaction resource without `balances`. */
export type TransactionDocument = {
  readonly transactionId: RevisionId
  readonly kind: 'transaction' | 'capture' | 'reversal' | 'reinstatement'
  readonly postings: readonly SourcedPosting[]
  readonly effectiveAt: Timestamp
  readonly recordedAt: Timestamp
  readonly externalReference?: string
  readonly description?: string
  readonly metadata: Metadata
  readonly reverses?: RevisionId
  readonly reason?: string
  readonly reversedBy?: readonly RevisionId[]
  readonly reversedAmounts?: readonly Amount[]
  readonly holdId?: RevisionId
  readonly actor: string
}

export type HoldStatus = 'open' | 'captured' | 'voided' | 'expired'

/** One posting of a hold and what became of it: captured + released + remaining = amount. */
export type HoldPosting = Posting & {
  readonly captured: Amount
  readonly released: Amount
  readonly remaining: Amount
}

/** Id: the holdId. The hold resource without `balances`; `ledgerId` for those who look across ledgers. */
export type HoldDocument = {
  readonly ledgerId: LedgerId
  readonly holdId: RevisionId
  readonly status: HoldStatus
  readonly postings: readonly HoldPosting[]
  readonly expiresAt?: Timestamp
  readonly externalReference?: string
  readonly description?: string
  readonly metadata: Metadata
  readonly createdAt: Timestamp
  readonly captures: readonly RevisionId[]
}

/**
 * What touched an account, in order of (revision, id):
 * - `posting`, one per posting side: id `{revision}/{posting, 3 digits}/{0 debit, 1 credit}`. The posted totals run
 *   within the event, the pending ones are those after it; so the last one up to a revision is the balance at it.
 * - `pending`, one per account and asset whose totals an event changed without a posting side (holds placed, voided,
 *   expired; what a capture released): id `{revision}/b{index, 3 digits}`. `effectiveAt` is absent.
 * - `act`, one per event that is about the account itself: id `{revision}/a`. `asset`, `effectiveAt` and totals are absent.
 */
export type EntryDocument = PostingEntry | PendingEntry | ActEntry

export type PostingEntry = BalanceRecord & {
  readonly kind: 'posting'
  readonly transactionId: RevisionId
  readonly revision: RevisionId
  readonly posting: number
  readonly side: 'debit' | 'credit'
  readonly counterparty: AccountId
  readonly amount: Amount
  readonly effectiveAt: Timestamp
  readonly recordedAt: Timestamp
  readonly description?: string
}

export type PendingEntry = BalanceRecord & {
  readonly kind: 'pending'
  readonly revision: RevisionId
  /** The hold that moved it. */
  readonly holdId: RevisionId
  readonly recordedAt: Timestamp
}

export type ActEntry = {
  readonly kind: 'act'
  readonly accountId: AccountId
  readonly revision: RevisionId
  readonly recordedAt: Timestamp
}

/**
 * - `account`: id `{asset}|{accountId}`, the posted totals of one account in one asset, and its open run (decision 0024).
 * - `asset`: id = the asset, the sums of all that was posted: those of its accounts, but where a posting was skipped.
 * - `run`, `block`: what was posted to the account in the asset, added up in advance and never changed: see there.
 */
export type TrialBalanceDocument = AccountTotals | AssetTotals | ClosedDocument

export type AccountTotals = {
  readonly kind: 'account'
  readonly asset: Asset
  readonly accountId: AccountId
  readonly type: AccountType
  readonly debits: SignedAmount
  readonly credits: SignedAmount
  /** How many runs are closed. */
  readonly runs: number
  /** The open run, as in a closed one, and how many postings it has. */
  readonly postings: string
  readonly count: number
}

export type AssetTotals = {
  readonly kind: 'asset'
  readonly asset: Asset
  readonly totalDebits: SignedAmount
  readonly totalCredits: SignedAmount
}

export type ClosedDocument = RunDocument | BlockDocument

/**
 * Id: `{asset}|{accountId}|0|{number, 10 digits}`. `postings` has one line for all that an event
 * posted, `{revision} {effectiveAt} {debits} {credits};`, in order of revisions. One text, since it is rewritten so often.
 */
export type RunDocument = {
  readonly kind: 'run'
  readonly asset: Asset
  readonly accountId: AccountId
  readonly type: AccountType
  readonly postings: string
}

/**
 * Id: `{asset}|{accountId}|{level}|{number, 10 digits}`. A fixed number of runs (level 1) or of blocks of the level below.
 * Each of `sums` is `{time} {debits} {credits}`: what was posted with an `effectiveAt` that begins with this time or
 * sorts before it. The times are the first `width` characters of those `effectiveAt` that there are, in order.
 */
export type BlockDocument = {
  readonly kind: 'block'
  readonly asset: Asset
  readonly accountId: AccountId
  readonly type: AccountType
  /** Revision of the first posting. */
  readonly first: RevisionId
  /** Revision of the last posting of each part. */
  readonly ends: readonly RevisionId[]
  readonly width: number
  readonly sums: readonly string[]
}

/** Id: the revision. What was asked and what came of it; `event` is the type of the event recorded. */
export type CommandDocument = {
  readonly revision: RevisionId
  readonly command: string
  readonly event: string
  readonly outcome: 'accepted' | 'rejected'
  readonly code?: string
  readonly detail?: string
  readonly idempotencyKey: string
  readonly actor: string
  readonly recordedAt: Timestamp
  readonly correlationId: string
}
