import type { RecordedEvent } from '#events/envelope.ts'
import { assertBooks, balancesOf, oncePerEvent } from '#projections/books.ts'
import type { AccountDocument } from '#projections/documents.ts'
import type { Projection } from '#projections/projection.ts'
import type { BalanceRecord } from '#values/balances.ts'

/** One document per account, with its balance in every asset it ever used. */
export const accounts: Projection<AccountDocument> = {
  name: 'accounts',
  version: 1,
  id: 'accountId',
  fields: { accountId: 'text', type: 'text', status: 'text' },
  indexes: [
    ['accountId'],
    ['type', 'accountId'],
    ['status', 'accountId'],
    ['type', 'status', 'accountId'],
  ],

  keysOf(event) {
    if ('accountId' in event.data) return [event.data.accountId]
    return [...recordsByAccount(event).keys()]
  },

  evolve(document, event, accountId) {
    if (event.type === 'AccountOpened') return opened(document, event)
    assertBooks(document !== undefined, `account ${accountId} was never opened`)
    const records = recordsByAccount(event).get(accountId) ?? []
    const same = records.every(({ type }) => type === document.type)
    assertBooks(same, `account ${accountId} changed its type`)
    return { ...acted(document, event), balances: withRecords(document.balances, records) }
  },
}

const recordsByAccount = oncePerEvent((event) =>
  Map.groupBy(balancesOf(event), ({ accountId }) => accountId),
)

function opened(
  document: AccountDocument | undefined,
  event: RecordedEvent & { readonly type: 'AccountOpened' },
): AccountDocument {
  const { accountId, type, limits, metadata } = event.data
  assertBooks(document === undefined, `account ${accountId} was opened twice`)
  return {
    accountId,
    type,
    status: 'open',
    frozen: 'none',
    limits,
    metadata,
    createdAt: event.recordedAt,
    balances: [],
  }
}

/** What an act changes about the account itself; other events leave it as it is. */
function acted(document: AccountDocument, event: LaterEvent): AccountDocument {
  switch (event.type) {
    case 'AccountLimitsChanged':
      return { ...document, limits: event.data.after }
    case 'MetadataSet':
      return { ...document, metadata: event.data.after }
    case 'AccountFrozen':
      return { ...document, frozen: event.data.direction }
    case 'AccountUnfrozen':
      return { ...document, frozen: 'none' }
    case 'AccountClosed':
      return { ...document, status: 'closed' }
    case 'AccountReopened':
      return { ...document, status: 'open' }
    case 'LedgerOpened':
    case 'LedgerChanged':
    case 'AssetRegistered':
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

type LaterEvent = Exclude<RecordedEvent, { readonly type: 'AccountOpened' }>

/** So many records are put in one by one: most events bring an account one or two. */
const onesMax = 8

/** Keeps the records sorted by asset, in code unit order. */
function withRecords(
  records: readonly BalanceRecord[],
  news: readonly BalanceRecord[],
): readonly BalanceRecord[] {
  if (news.length <= onesMax) return news.reduce(withRecord, records)
  const byAsset = new Map(records.map((record) => [record.asset, record]))
  for (const record of news) byAsset.set(record.asset, record)
  return [...byAsset.values()].toSorted((a, b) => (a.asset < b.asset ? -1 : 1))
}

function withRecord(
  records: readonly BalanceRecord[],
  record: BalanceRecord,
): readonly BalanceRecord[] {
  const place = records.findIndex(({ asset }) => asset >= record.asset)
  if (place === -1) return [...records, record]
  const known = records[place]?.asset === record.asset
  return known ? records.with(place, record) : records.toSpliced(place, 0, record)
}
