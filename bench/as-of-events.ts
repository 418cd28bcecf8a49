import { canonicalJson } from '#values/canonical-json.ts'
import type { JsonObject } from '#values/json.ts'
import { eventId } from '#events/event-id.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { formatTimestamp } from '#values/timestamps.ts'

export type Order = 'in order within a day' | 'in order over two years' | 'at random'

export const asOfLedger = 'as-of'
export const hotAccount = 'bank:cash'

const others = 1_000
const dayMs = 86_400_000
const twoYearsMs = 730 * dayMs
const beginsMs = Date.UTC(2024, 0, 1)

/** Between which moments it all counts, and was recorded. */
export function timesOf(entries: number, order: Order) {
  const spanMs = order === 'in order within a day' ? dayMs : twoYearsMs
  const recordedMs = beginsMs + twoYearsMs
  return {
    business: [beginsMs, beginsMs + spanMs],
    recorded: [recordedMs, recordedMs + entries * 100],
  } as const
}

/** A ledger with that many transactions, each on one account and one of a thousand others, as the log would have it. */
export function* asOfEvents(entries: number, order: Order): Generator<StoredEvent> {
  const { business, recorded } = timesOf(entries, order)
  const recordedAt = (index: number) => formatTimestamp(recorded[0] + index * 100) ?? ''
  const begun = recordedAt(0)
  let revision = 0n
  const assets = [{ asset: 'USD/2' }]
  yield stored(revision, begun, ['LedgerOpened', { name: 'As of', assets, metadata: {} }])
  const names = [hotAccount, ...Array.from({ length: others }, (_, index) => `users:u${index}`)]
  for (const accountId of names) {
    revision += 1n
    const limits = { min: null, max: null }
    const data = { accountId, type: typeOf(accountId), limits, metadata: {} }
    yield stored(revision, begun, ['AccountOpened', data])
  }
  const totals = new Map<string, number>()
  for (let index = 0; index < entries; index += 1) {
    revision += 1n
    const share = order === 'at random' ? Math.random() : index / entries
    const effectiveAt = formatTimestamp(
      Math.floor(business[0] + share * (business[1] - business[0])),
    )
    const data = { ...transaction(totals, `users:u${(index * 7) % others}`), effectiveAt }
    yield stored(revision, recordedAt(index), ['TransactionPosted', data])
  }
}

function transaction(totals: Map<string, number>, user: string) {
  const amount = 1 + Math.floor(Math.random() * 100_000)
  for (const accountId of [hotAccount, user])
    totals.set(accountId, (totals.get(accountId) ?? 0) + amount)
  const posting = { debit: hotAccount, credit: user, asset: 'USD/2', amount: `${amount}` }
  const balances = [hotAccount, user].map((accountId) => balance(accountId, totals))
  return { kind: 'transaction', postings: [posting], metadata: {}, balances }
}

function balance(accountId: string, totals: ReadonlyMap<string, number>) {
  const total = `${totals.get(accountId)}`
  const debits = accountId === hotAccount
  return {
    accountId,
    asset: 'USD/2',
    pendingCredits: '0',
    pendingDebits: '0',
    postedCredits: debits ? '0' : total,
    postedDebits: debits ? total : '0',
    type: typeOf(accountId),
  }
}

function typeOf(accountId: string): string {
  return accountId === hotAccount ? 'asset' : 'liability'
}

function stored(
  revision: bigint,
  recordedAt: string,
  [type, data]: readonly [string, JsonObject],
): StoredEvent {
  const key = `key-${revision}`
  const envelope = {
    type,
    schemaVersion: 1,
    ledgerId: asOfLedger,
    revision: `${revision}`,
    recordedAt,
    actor: 'anonymous',
    correlationId: 'bench',
    causationId: 'bench',
    writer: 'bench',
    idempotency: { key, fingerprint: 'f'.repeat(64) },
    data,
  }
  const stream = `ledger-${asOfLedger}`
  const id = eventId(canonicalJson(envelope))
  return { position: revision, stream, revision, type, json: canonicalJson({ ...envelope, id }) }
}
