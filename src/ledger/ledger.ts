import type { FrozenDirection } from '#events/account-events.ts'
import type { RegisteredAsset } from '#events/ledger-events.ts'
import type { Posting } from '#events/transaction-events.ts'
import { Journal } from '#ledger/journal.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountType, Totals } from '#values/balances.ts'
import type { AccountId, LedgerId, RevisionId } from '#values/ids.ts'
import type { Metadata } from '#values/metadata.ts'
import type { Timestamp } from '#values/timestamps.ts'

/**
 * The books of one ledger as far as deciding needs them, folded from its log. Owned by one writer and changed in
 * place by `evolve` alone, through `put` and `turn`, so that the journal can take back what did not come to be.
 */
export type Ledger = {
  readonly ledgerId: LedgerId
  readonly journal: Journal
  head: LedgerHead
  readonly assets: Map<Asset, RegisteredAsset>
  readonly accounts: Map<AccountId, Account>
  readonly openHolds: Map<RevisionId, Hold>
} & EverGrowing

/** What grows with the log for ever. */
export type EverGrowing = {
  readonly closedHolds: Remembering<RevisionId, HoldEnd>
  /** What each external reference was given to. */
  readonly references: Remembering<string, Referent>
  /** Per transaction that has been reversed: reversed minus reinstated, per posting. */
  readonly reversed: Remembering<RevisionId, readonly bigint[]>
  /** The revision at which each idempotency key (of a command or a whole batch) was first used. */
  readonly keys: Remembering<string, bigint>
}

/** A map that is only ever asked for one key: not all of it need be in memory. */
export type Remembering<Key, Value> = Pick<Map<Key, Value>, 'get' | 'has' | 'delete'> & {
  set(key: Key, value: Value): unknown
}

/** What changes with every event. `revision` is -1 before the first one. */
export type LedgerHead = {
  readonly revision: bigint
  readonly recordedAt: Timestamp
  readonly name: string
  readonly metadata: Metadata
  readonly createdAt: Timestamp
  /** Revision of the last event about the ledger itself. */
  readonly lastAct: bigint
}

export type Account = {
  readonly accountId: AccountId
  readonly type: AccountType
  readonly status: 'open' | 'closed'
  readonly frozen: 'none' | FrozenDirection
  readonly limits: { readonly min: bigint | null; readonly max: bigint | null }
  readonly metadata: Metadata
  readonly createdAt: Timestamp
  /** Revision of the last event about the account itself. */
  readonly lastAct: bigint
  /** By asset; only what was ever used. */
  readonly balances: Map<Asset, Totals>
}

/** How a hold ended. */
export type HoldEnd = 'captured' | 'voided' | 'expired'

export type Hold = {
  readonly holdId: RevisionId
  readonly postings: readonly HeldPosting[]
  readonly expiresAt?: Timestamp
  readonly externalReference?: string
  readonly description?: string
  readonly metadata: Metadata
  readonly createdAt: Timestamp
  readonly captures: readonly RevisionId[]
  /** Revision of the last event about the hold. */
  readonly lastAct: bigint
}

export type HeldPosting = Omit<Posting, 'amount'> & {
  readonly amount: bigint
  readonly captured: bigint
}

export type Referent = { readonly transactionId: RevisionId } | { readonly holdId: RevisionId }

/** The maps of the books, for who brings others than plain ones. */
export type LedgerMaps = Pick<Ledger, 'assets' | 'accounts' | 'openHolds' | keyof EverGrowing>

/** The books before anything happened; `maps` are empty. */
export function unopenedLedger(ledgerId: LedgerId, maps: Partial<LedgerMaps> = {}): Ledger {
  return {
    ledgerId,
    journal: new Journal(),
    head: { revision: -1n, recordedAt: '', name: '', metadata: {}, createdAt: '', lastAct: -1n },
    ...plainMaps(),
    ...maps,
  }
}

function plainMaps(): LedgerMaps {
  return {
    assets: new Map(),
    accounts: new Map(),
    openHolds: new Map(),
    closedHolds: new Map(),
    references: new Map(),
    reversed: new Map(),
    keys: new Map(),
  }
}

export function isOpened(ledger: Ledger): boolean {
  return ledger.head.revision >= 0n
}

/** Sets an entry of one of the ledger's maps so that it can be taken back. */
export function put<Key, Value>(
  ledger: Ledger,
  map: Remembering<Key, Value>,
  entry: readonly [Key, Value],
): void {
  const [key, value] = entry
  const before = map.get(key)
  ledger.journal.record(() => {
    if (before === undefined) map.delete(key)
    else map.set(key, before)
  })
  map.set(key, value)
}

/** Removes an entry so that it can be taken back. */
export function drop<Key, Value>(ledger: Ledger, map: Map<Key, Value>, key: Key): void {
  const before = map.get(key)
  if (before === undefined) return
  ledger.journal.record(() => map.set(key, before))
  map.delete(key)
}

/** Replaces the head so that it can be taken back. */
export function turn(ledger: Ledger, head: LedgerHead): void {
  const before = ledger.head
  ledger.journal.record(() => {
    ledger.head = before
  })
  ledger.head = head
}

/** What of a posting of an open hold is neither captured nor (a hold being open) released. */
export function remaining(posting: HeldPosting): bigint {
  return posting.amount - posting.captured
}
