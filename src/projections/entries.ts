import type { RecordedEvent } from '#events/envelope.ts'
import type { SourcedPosting } from '#events/transaction-events.ts'
import { assertBooks, balancesOf, oncePerEvent, postingsOf } from '#projections/books.ts'
import type { ActEntry, EntryDocument, PendingEntry, PostingEntry } from '#projections/documents.ts'
import type { Projection } from '#projections/projection.ts'
import type { Asset } from '#values/assets.ts'
import type { BalanceRecord } from '#values/balances.ts'
import type { AccountId } from '#values/ids.ts'

/** What touched each account: one document per posting side, per totals moved otherwise, per act. */
export const entries: Projection<EntryDocument> = {
  name: 'entries',
  version: 1,
  appendOnly: true,
  fields: {
    kind: 'text',
    accountId: 'text',
    asset: 'text',
    effectiveAt: 'text',
    revision: 'integer',
  },
  indexes: [
    ['accountId', 'revision'],
    ['accountId', 'asset', 'revision'],
    ['accountId', 'asset', 'effectiveAt', 'revision'],
  ],

  keysOf: (event) => [...entriesOf(event).keys()],

  evolve(_document, event, id) {
    const entry = entriesOf(event).get(id)
    assertBooks(entry !== undefined, `${event.type} makes no entry ${id}`)
    return entry
  },
}

type Entries = ReadonlyMap<string, EntryDocument>
type Booked = RecordedEvent & { readonly type: 'TransactionPosted' | 'HoldCaptured' }
type Captured = RecordedEvent & { readonly type: 'HoldCaptured' }
type HoldMoved = RecordedEvent & {
  readonly type: 'HoldPlaced' | 'HoldCaptured' | 'HoldVoided' | 'HoldExpired'
}

const entriesOf = oncePerEvent((event): Entries => {
  if ('accountId' in event.data) return actEntry(event, event.data.accountId)
  if (event.type === 'TransactionPosted') return postingEntries(event)
  if (event.type === 'HoldCaptured') return capturedEntries(event)
  if (event.type === 'HoldPlaced') return pendingEntries(event, event.revision.toString())
  if (event.type === 'HoldVoided' || event.type === 'HoldExpired')
    return pendingEntries(event, event.data.holdId)
  return new Map()
})

function capturedEntries(event: Captured): Entries {
  const made = new Map<string, EntryDocument>(postingEntries(event))
  for (const [id, entry] of pendingEntries(event, event.data.holdId)) made.set(id, entry)
  return made
}

function actEntry(event: RecordedEvent, accountId: AccountId): ReadonlyMap<string, ActEntry> {
  const { revision, recordedAt } = event
  const entry: ActEntry = { kind: 'act', accountId, revision: revision.toString(), recordedAt }
  return new Map([[`${revision}/a`, entry]])
}

/** Goes from the last posting to the first: the event says the totals after it, each posting takes itself off. */
function postingEntries(event: Booked): ReadonlyMap<string, PostingEntry> {
  const after = new Map(event.data.balances.map((record) => [placeOf(record), record]))
  const made: [string, PostingEntry][] = []
  for (const [number, posting] of [...event.data.postings.entries()].toReversed()) {
    const id = `${event.revision}/${digits(number)}`
    for (const side of ['credit', 'debit'] as const) {
      const place = placeOf({ accountId: posting[side], asset: posting.asset })
      const record = after.get(place)
      assertBooks(
        record !== undefined,
        `the totals of ${place} after ${event.revision} are missing`,
      )
      const entry = postingEntry(event, record, { posting, number, side })
      made.push([`${id}/${side === 'debit' ? 0 : 1}`, entry])
      after.set(place, without(record, posting, side))
    }
  }
  return new Map(made.toReversed())
}

type Side = {
  readonly posting: SourcedPosting
  readonly number: number
  readonly side: 'debit' | 'credit'
}

function postingEntry(
  event: Booked,
  totals: BalanceRecord,
  { posting, number, side }: Side,
): PostingEntry {
  const revision = event.revision.toString()
  const { effectiveAt, description } = event.data
  return {
    ...totals,
    kind: 'posting',
    transactionId: revision,
    revision,
    posting: number,
    side,
    counterparty: side === 'debit' ? posting.credit : posting.debit,
    amount: posting.amount,
    effectiveAt,
    recordedAt: event.recordedAt,
    ...(description !== undefined && { description }),
  }
}

function without(
  record: BalanceRecord,
  { amount }: SourcedPosting,
  side: 'debit' | 'credit',
): BalanceRecord {
  const total = side === 'debit' ? 'postedDebits' : 'postedCredits'
  const before = BigInt(record[total]) - BigInt(amount)
  assertBooks(before >= 0n, `account ${record.accountId} had fewer than no ${total}`)
  return { ...record, [total]: before.toString() }
}

/** Of the totals that the event carries, those without a posting side in it. */
function pendingEntries(event: HoldMoved, holdId: string): ReadonlyMap<string, PendingEntry> {
  const { recordedAt } = event
  const revision = event.revision.toString()
  const booked = new Set(postingsOf(event).flatMap(placesOf))
  const made = new Map<string, PendingEntry>()
  for (const [index, record] of balancesOf(event).entries()) {
    if (booked.has(placeOf(record))) continue
    const entry: PendingEntry = { ...record, kind: 'pending', revision, holdId, recordedAt }
    made.set(`${revision}/b${digits(index)}`, entry)
  }
  return made
}

function placesOf({ debit, credit, asset }: SourcedPosting): readonly string[] {
  return [placeOf({ accountId: debit, asset }), placeOf({ accountId: credit, asset })]
}

function placeOf(place: { readonly accountId: AccountId; readonly asset: Asset }): string {
  return `${place.asset} ${place.accountId}`
}

function digits(index: number): string {
  return index.toString().padStart(3, '0')
}
