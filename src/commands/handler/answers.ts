import type { RecordedEvent } from '#events/envelope.ts'
import { accountDocument, holdDocument, ledgerDocument } from '#commands/handler/documents.ts'
import type { Ledger } from '#ledger/ledger.ts'
import { accounts } from '#projections/accounts.ts'
import type { AccountDocument, HoldDocument, LedgerDocument } from '#projections/documents.ts'
import { holds } from '#projections/holds.ts'
import { ledgers } from '#projections/ledgers.ts'
import {
  accountResource,
  holdResource,
  ledgerResource,
  transactionResource,
} from '#projections/resources.ts'
import { transactions } from '#projections/transactions.ts'
import { type BalanceRecord, balanceOf } from '#values/balances.ts'
import type { JsonObject } from '#values/json.ts'

/** The document that an event changes, as it was before it; undefined where the event makes it. */
export type Before = LedgerDocument | AccountDocument | HoldDocument | undefined

/** What a refused command's event answers is in the event itself. */
export type AcceptedEvent = Exclude<RecordedEvent, { type: 'CommandRejected' }>

/** The document that the event is about to change, from the books as they stand. */
export function documentBefore(ledger: Ledger, event: AcceptedEvent): Before {
  switch (event.type) {
    case 'LedgerChanged':
    case 'AssetRegistered':
      return ledgerDocument(ledger)
    case 'HoldCaptured':
    case 'HoldVoided':
    case 'HoldExpired':
    case 'HoldExtended':
      return holdBefore(ledger, event.data.holdId)
    case 'AccountLimitsChanged':
    case 'MetadataSet':
    case 'AccountFrozen':
    case 'AccountUnfrozen':
    case 'AccountClosed':
    case 'AccountReopened':
      return accountBefore(ledger, event.data.accountId)
    case 'LedgerOpened':
    case 'AccountOpened':
    case 'HoldPlaced':
    case 'TransactionPosted':
      return undefined
  }
}

function holdBefore({ ledgerId, openHolds }: Ledger, holdId: string): Before {
  const hold = openHolds.get(holdId)
  return hold && holdDocument(ledgerId, hold)
}

function accountBefore({ accounts: known }: Ledger, accountId: string): Before {
  const account = known.get(accountId)
  return account && accountDocument(account)
}

/**
 * The resource as the event left it: one step of the read model's own fold from `before`. A fresh answer takes
 * `before` from the books, a replayed one from the log, so that both are the same bytes.
 */
export function answerTo(event: AcceptedEvent, before: Before): JsonObject {
  switch (event.type) {
    case 'LedgerOpened':
    case 'LedgerChanged':
    case 'AssetRegistered':
      return ledgerResource(foldLedger(before, event))
    case 'TransactionPosted':
      return transactionAnswer(event)
    case 'HoldCaptured':
      return { hold: holdAnswer(before, event), transaction: transactionAnswer(event) }
    case 'HoldPlaced':
    case 'HoldVoided':
    case 'HoldExpired':
    case 'HoldExtended':
      return holdAnswer(before, event)
    case 'AccountOpened':
    case 'AccountLimitsChanged':
    case 'MetadataSet':
    case 'AccountFrozen':
    case 'AccountUnfrozen':
    case 'AccountClosed':
    case 'AccountReopened':
      return accountResource(foldAccount(before, event))
  }
}

/** One step of the fold that the event belongs to. */
export function documentAfter(event: AcceptedEvent, before: Before): Before {
  const { data } = event
  if ('holdId' in data || event.type === 'HoldPlaced') return foldHold(before, event)
  return 'accountId' in data ? foldAccount(before, event) : foldLedger(before, event)
}

type OfType<Type> = Extract<RecordedEvent, { type: Type }>
type HoldEvent = OfType<
  'HoldPlaced' | 'HoldCaptured' | 'HoldVoided' | 'HoldExpired' | 'HoldExtended'
>

function transactionAnswer(event: OfType<'TransactionPosted' | 'HoldCaptured'>): JsonObject {
  const document = transactions.evolve(undefined, event, event.revision.toString())
  return { ...transactionResource(document), balances: balances(event.data.balances) }
}

function holdAnswer(before: Before, event: HoldEvent): JsonObject {
  return { ...holdResource(foldHold(before, event)), balances: balances(event.data.balances) }
}

function balances(records: readonly BalanceRecord[]): JsonObject[] {
  return records.map(balanceOf)
}

function foldLedger(before: Before, event: AcceptedEvent): LedgerDocument {
  return ledgers.evolve(isLedger(before) ? before : undefined, event, event.ledgerId)
}

function foldAccount(before: Before, event: AcceptedEvent): AccountDocument {
  const accountId = 'accountId' in event.data ? event.data.accountId : ''
  return accounts.evolve(isAccount(before) ? before : undefined, event, accountId)
}

function foldHold(before: Before, event: AcceptedEvent): HoldDocument {
  const holdId = 'holdId' in event.data ? event.data.holdId : event.revision.toString()
  return holds.evolve(isHold(before) ? before : undefined, event, holdId)
}

function isLedger(document: Before): document is LedgerDocument {
  return document !== undefined && 'assets' in document
}

function isAccount(document: Before): document is AccountDocument {
  return document !== undefined && 'frozen' in document
}

function isHold(document: Before): document is HoldDocument {
  return document !== undefined && 'captures' in document
}
