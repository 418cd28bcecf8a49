import type { SignedAmount } from '#values/amounts.ts'
import type { AccountType, BalanceRecord } from '#values/balances.ts'
import type { AccountId, RevisionId } from '#values/ids.ts'
import type { Metadata } from '#values/metadata.ts'

/** Bounds on every asset of an account; null is none. */
export type Limits = { readonly min: SignedAmount | null; readonly max: SignedAmount | null }

/** Which side of an account takes no more postings. */
export type FrozenDirection = 'debits' | 'credits' | 'all'

export type AccountOpened = {
  readonly type: 'AccountOpened'
  readonly data: {
    readonly accountId: AccountId
    readonly type: AccountType
    readonly limits: Limits
    readonly metadata: Metadata
  }
}

/**
 * What every later act on an account carries besides its own facts: all balances of the account at that moment,
 * and the revision of the account's last act before, a chain back to AccountOpened (decision 0003).
 */
export type AccountAct = {
  readonly accountId: AccountId
  readonly balances: readonly BalanceRecord[]
  readonly previous: RevisionId
}

export type AccountLimitsChanged = {
  readonly type: 'AccountLimitsChanged'
  readonly data: AccountAct & { readonly before: Limits; readonly after: Limits }
}

/** `before` and `after` are the whole metadata. */
export type MetadataSet = {
  readonly type: 'MetadataSet'
  readonly data: AccountAct & { readonly before: Metadata; readonly after: Metadata }
}

export type AccountFrozen = {
  readonly type: 'AccountFrozen'
  readonly data: AccountAct & { readonly direction: FrozenDirection; readonly reason: string }
}

export type AccountUnfrozen = {
  readonly type: 'AccountUnfrozen'
  readonly data: AccountAct & { readonly reason: string }
}

export type AccountClosed = {
  readonly type: 'AccountClosed'
  readonly data: AccountAct & { readonly reason: string }
}

export type AccountReopened = {
  readonly type: 'AccountReopened'
  readonly data: AccountAct & { readonly reason: string }
}
