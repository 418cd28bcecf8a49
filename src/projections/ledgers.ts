import type { RecordedEvent } from '#events/envelope.ts'
import type { RegisteredAsset } from '#events/ledger-events.ts'
import { assertBooks, pick } from '#projections/books.ts'
import type { LedgerDocument } from '#projections/documents.ts'
import type { Projection } from '#projections/projection.ts'

/** One document per ledger, changed by every event: it says how far the ledger has come. */
export const ledgers: Projection<LedgerDocument> = {
  name: 'ledgers',
  version: 1,
  id: 'ledgerId',
  fields: { ledgerId: 'text' },
  indexes: [['ledgerId']],
  acrossLedgers: [['ledgerId']],

  keysOf: (event) => [event.ledgerId],

  evolve(document, event) {
    const revision = event.revision.toString()
    if (event.type === 'LedgerOpened') return opened(document, event)
    assertBooks(document !== undefined, `ledger ${event.ledgerId} was never opened`)
    return { ...described(document, event), revision }
  },
}

/** What an event says of the ledger itself; others leave it as it is. */
function described(document: LedgerDocument, event: LaterEvent): LedgerDocument {
  switch (event.type) {
    case 'LedgerChanged':
      return { ...document, ...event.data.after }
    case 'AssetRegistered':
      return { ...document, assets: withAsset(document, event.data) }
    case 'AccountOpened':
    case 'AccountLimitsChanged':
    case 'MetadataSet':
    case 'AccountFrozen':
    case 'AccountUnfrozen':
    case 'AccountClosed':
    case 'AccountReopened':
    case 'TransactionPosted':
    case 'HoldPlaced':
    case 'HoldCaptured':
    case 'HoldVoided':
    case 'HoldExpired':
    case 'HoldExtended':
    case 'CommandRejected':
      return document
  }
}

type LaterEvent = Exclude<RecordedEvent, { readonly type: 'LedgerOpened' }>

function opened(
  document: LedgerDocument | undefined,
  event: RecordedEvent & { readonly type: 'LedgerOpened' },
): LedgerDocument {
  assertBooks(document === undefined, `ledger ${event.ledgerId} was opened twice`)
  const { name, assets, metadata } = event.data
  return {
    ledgerId: event.ledgerId,
    name,
    assets,
    metadata,
    createdAt: event.recordedAt,
    revision: event.revision.toString(),
  }
}

function withAsset(document: LedgerDocument, added: RegisteredAsset): readonly RegisteredAsset[] {
  const known = document.assets.some(({ asset }) => asset === added.asset)
  assertBooks(!known, `asset ${added.asset} was registered twice`)
  return [...document.assets, pick(added, ['asset', 'name'])]
}
