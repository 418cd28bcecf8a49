import type { Amount } from '#values/amounts.ts'
import type { BalanceRecord } from '#values/balances.ts'
import type { RevisionId } from '#values/ids.ts'
import type { Particulars, Posting, SourcedPosting } from '#events/transaction-events.ts'
import type { Timestamp } from '#values/timestamps.ts'

export type HoldPlaced = {
  readonly type: 'HoldPlaced'
  readonly data: Particulars & {
    readonly postings: readonly Posting[]
    readonly expiresAt?: Timestamp
    readonly balances: readonly BalanceRecord[]
  }
}

/**
 * What every later act on a hold carries: the balances of all accounts of the hold at that moment, and the revision
 * of the hold's last act before, a chain back to HoldPlaced (decision 0003).
 */
export type HoldAct = {
  readonly holdId: RevisionId
  readonly balances: readonly BalanceRecord[]
  readonly previous: RevisionId
}

/**
 * Carries the posted transaction, whose id is this event's revision. `amounts`, `released` and `remaining` are one
 * amount per posting of the hold ("0" where none); `postings` leaves zero ones out, each with its `source`.
 */
export type HoldCaptured = {
  readonly type: 'HoldCaptured'
  readonly data: HoldAct &
    Particulars & {
      readonly amounts: readonly Amount[]
      readonly final: boolean
      readonly released: readonly Amount[]
      readonly remaining: readonly Amount[]
      readonly postings: readonly SourcedPosting[]
      readonly effectiveAt: Timestamp
    }
}

export type HoldVoided = {
  readonly type: 'HoldVoided'
  readonly data: HoldAct & { readonly reason: string; readonly released: readonly Amount[] }
}

export type HoldExpired = {
  readonly type: 'HoldExpired'
  readonly data: HoldAct & { readonly released: readonly Amount[] }
}

/** `before` is absent where the hold had no expiry. */
export type HoldExtended = {
  readonly type: 'HoldExtended'
  readonly data: HoldAct & { readonly before?: Timestamp; readonly after: Timestamp }
}
