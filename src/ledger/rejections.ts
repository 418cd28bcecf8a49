import type { Decision, Rejection } from '#values/decision.ts'
import type { LedgerEvent } from '#events/ledger-event.ts'

/** Every reason for which the books refuse, and the HTTP status that CommandRejected stores with it. */
export const rejectionStatuses = {
  'account-closed': 422,
  'account-exists': 409,
  'account-frozen': 422,
  'account-has-holds': 422,
  'account-not-closed': 422,
  'account-not-empty': 422,
  'account-not-frozen': 422,
  'account-not-found': 404,
  'amounts-mismatch': 422,
  'asset-exists': 409,
  'asset-unknown': 422,
  'balance-overflow': 422,
  'batch-too-large': 422,
  'capture-exceeds-hold': 422,
  'condition-failed': 422,
  'effective-at-before-original': 422,
  'effective-at-in-future': 422,
  'event-too-large': 422,
  'expires-at-not-in-future': 422,
  'external-reference-exists': 409,
  'hold-expired': 422,
  'hold-not-found': 404,
  'hold-not-open': 422,
  'insufficient-funds': 422,
  'limit-exceeded': 422,
  'limits-inverted': 422,
  'limits-violated-by-balance': 422,
  'metadata-too-large': 422,
  'not-reversible': 422,
  'reversal-exceeds-original': 422,
  'same-account': 422,
  'too-many-assets': 422,
  'transaction-not-found': 404,
} as const

export type RejectionCode = keyof typeof rejectionStatuses

export type LedgerRejection = Rejection<RejectionCode>

export type LedgerDecision = Decision<LedgerEvent, RejectionCode>
