import type {
  AccountClosed,
  AccountFrozen,
  AccountLimitsChanged,
  AccountOpened,
  AccountReopened,
  AccountUnfrozen,
  MetadataSet,
} from '#events/account-events.ts'
import type { CommandRejected } from '#events/command-rejected.ts'
import type {
  HoldCaptured,
  HoldExpired,
  HoldExtended,
  HoldPlaced,
  HoldVoided,
} from '#events/hold-events.ts'
import type { AssetRegistered, LedgerChanged, LedgerOpened } from '#events/ledger-events.ts'
import type { TransactionPosted } from '#events/transaction-events.ts'

/** Everything that can have happened in a ledger. Names and payloads are storage formats: add, never edit. */
export type LedgerEvent =
  | LedgerOpened
  | LedgerChanged
  | AssetRegistered
  | AccountOpened
  | AccountLimitsChanged
  | MetadataSet
  | AccountFrozen
  | AccountUnfrozen
  | AccountClosed
  | AccountReopened
  | TransactionPosted
  | HoldPlaced
  | HoldCaptured
  | HoldVoided
  | HoldExpired
  | HoldExtended
  | CommandRejected

export type EventType = LedgerEvent['type']

/** The version in which each type is written today; older ones are lifted by the upcasters. */
export const currentVersions = {
  LedgerOpened: 1,
  LedgerChanged: 1,
  AssetRegistered: 1,
  AccountOpened: 1,
  AccountLimitsChanged: 1,
  MetadataSet: 1,
  AccountFrozen: 1,
  AccountUnfrozen: 1,
  AccountClosed: 1,
  AccountReopened: 1,
  TransactionPosted: 1,
  HoldPlaced: 1,
  HoldCaptured: 1,
  HoldVoided: 1,
  HoldExpired: 1,
  HoldExtended: 1,
  CommandRejected: 1,
} as const satisfies Readonly<Record<EventType, number>>

export function isEventType(text: string): text is EventType {
  return Object.hasOwn(currentVersions, text)
}
