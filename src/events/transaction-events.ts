import type { Amount } from '#values/amounts.ts'
import type { Asset } from '#values/assets.ts'
import type { BalanceRecord } from '#values/balances.ts'
import type { AccountId, RevisionId } from '#values/ids.ts'
import type { Metadata } from '#values/metadata.ts'
import type { Timestamp } from '#values/timestamps.ts'

/** One debit and one credit of the same amount and asset. */
export type Posting = {
  readonly debit: AccountId
  readonly credit: AccountId
  readonly asset: Asset
  readonly amount: Amount
}

/** A posting made from another one; `source` is that one's index in the transaction or hold it belongs to. */
export type SourcedPosting = Posting & { readonly source?: number }

/** What a client may say about a transaction or a hold. */
export type Particulars = {
  readonly externalReference?: string
  readonly description?: string
  readonly metadata: Metadata
}

/**
 * `balances` are the totals of every account and asset touched, after this event, by accountId and asset.
 * `reverses` is the transaction undone; a reinstatement undoes a reversal, and `reinstates` says what that gives
 * back: the original transaction and one amount per posting of it as far as the last one given back ("0" where none).
 */
export type TransactionPosted = {
  readonly type: 'TransactionPosted'
  readonly data: Particulars & {
    readonly kind: 'transaction' | 'reversal' | 'reinstatement'
    readonly postings: readonly SourcedPosting[]
    readonly effectiveAt: Timestamp
    readonly reverses?: RevisionId
    readonly reinstates?: {
      readonly transactionId: RevisionId
      readonly amounts: readonly Amount[]
    }
    readonly reason?: string
    readonly balances: readonly BalanceRecord[]
  }
}
