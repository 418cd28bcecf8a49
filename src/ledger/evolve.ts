import type { RecordedEvent } from '#events/envelope.ts'
import { evolveAccount } from '#ledger/evolve-account.ts'
import { evolveHold } from '#ledger/evolve-hold.ts'
import { evolveTransaction } from '#ledger/evolve-transaction.ts'
import { type Ledger, put, turn } from '#ledger/ledger.ts'

/**
 * Applies one recorded event to the books, in place. Total for every event that was ever decided; it asserts the
 * order of revisions and the balances that the event says it led to.
 * @throws {Error} when the log contradicts itself.
 */
export function evolve(ledger: Ledger, event: RecordedEvent): void {
  if (event.revision !== ledger.head.revision + 1n)
    throw new Error(
      `${ledger.ledgerId}: revision ${event.revision} follows ${ledger.head.revision}`,
    )
  if (event.recordedAt < ledger.head.recordedAt)
    throw new Error(`${ledger.ledgerId}: time runs backwards at revision ${event.revision}`)
  turn(ledger, { ...ledger.head, revision: event.revision, recordedAt: event.recordedAt })
  rememberKeys(ledger, event)
  evolveBooks(ledger, event)
}

function evolveBooks(ledger: Ledger, event: RecordedEvent): void {
  switch (event.type) {
    case 'LedgerOpened':
      return openLedger(ledger, event)
    case 'LedgerChanged':
      return turn(ledger, { ...ledger.head, ...event.data.after, lastAct: event.revision })
    case 'AssetRegistered':
      return registerAsset(ledger, event)
    case 'AccountOpened':
    case 'AccountLimitsChanged':
    case 'MetadataSet':
    case 'AccountFrozen':
    case 'AccountUnfrozen':
    case 'AccountClosed':
    case 'AccountReopened':
      return evolveAccount(ledger, event)
    case 'TransactionPosted':
      return evolveTransaction(ledger, event)
    case 'HoldPlaced':
    case 'HoldCaptured':
    case 'HoldVoided':
    case 'HoldExpired':
    case 'HoldExtended':
      return evolveHold(ledger, event)
    case 'CommandRejected':
      return undefined
  }
}

/** A batch's key stands for the first event that came of it. */
function rememberKeys(ledger: Ledger, event: RecordedEvent): void {
  const { key, batch } = event.idempotency
  if (!ledger.keys.has(key)) put(ledger, ledger.keys, [key, event.revision])
  if (batch !== undefined && !ledger.keys.has(batch.key))
    put(ledger, ledger.keys, [batch.key, event.revision])
}

function openLedger(ledger: Ledger, event: Extract<RecordedEvent, { type: 'LedgerOpened' }>): void {
  const { name, metadata, assets } = event.data
  turn(ledger, {
    ...ledger.head,
    name,
    metadata,
    createdAt: event.recordedAt,
    lastAct: event.revision,
  })
  for (const asset of assets) put(ledger, ledger.assets, [asset.asset, asset])
}

function registerAsset(
  ledger: Ledger,
  event: Extract<RecordedEvent, { type: 'AssetRegistered' }>,
): void {
  const { previous: _, ...asset } = event.data
  put(ledger, ledger.assets, [asset.asset, asset])
  turn(ledger, { ...ledger.head, lastAct: event.revision })
}
