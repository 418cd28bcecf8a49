import { expect } from 'vitest'
import { commandNamed } from '#commands/catalogue.ts'
import { parseCommand } from '#commands/parse-command.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { evolve } from '#ledger/evolve.ts'
import { type Ledger, unopenedLedger } from '#ledger/ledger.ts'
import { allProjections } from '#projections/all-projections.ts'
import { booksOf } from '#test/support/books-of.ts'
import { foldAll } from '#test/support/projection-specification.ts'
import type { JsonObject } from '#values/json.ts'

/** Every law of one ledger that can be told from its log alone. */
export function assertLaws(events: readonly RecordedEvent[]): void {
  assertOrder(events)
  assertUniqueness(events)
  assertConservation(events)
  assertHolds(events)
  assertReversals(events)
}

/** Rule 5: revisions are gap-free, recordedAt never goes back. */
function assertOrder(events: readonly RecordedEvent[]): void {
  expect(events.map(({ revision }) => revision)).toEqual(events.map((_, index) => BigInt(index)))
  const times = events.map(({ recordedAt }) => recordedAt)
  expect(times).toEqual(times.toSorted())
}

/** Rule 6: one key, one outcome; one external reference, one transaction or hold. */
function assertUniqueness(events: readonly RecordedEvent[]): void {
  const keys = events.map(({ idempotency }) => idempotency.key)
  expect(new Set(keys).size).toBe(keys.length)
  const references = events.flatMap(({ data }) =>
    'externalReference' in data && data.externalReference !== undefined
      ? [data.externalReference]
      : [],
  )
  expect(new Set(references).size).toBe(references.length)
}

/** Rule 1: after every event, debits and credits are equal over all accounts, posted and pending alike. */
function assertConservation(events: readonly RecordedEvent[]): void {
  const last = new Map<string, { asset: string; posted: bigint; pending: bigint }>()
  for (const { data } of events) {
    if (!('balances' in data)) continue
    for (const record of data.balances)
      last.set(`${record.accountId} ${record.asset}`, {
        asset: record.asset,
        posted: BigInt(record.postedDebits) - BigInt(record.postedCredits),
        pending: BigInt(record.pendingDebits) - BigInt(record.pendingCredits),
      })
    const sums = new Map<string, readonly [bigint, bigint]>()
    for (const { asset, posted, pending } of last.values()) {
      const [a, b] = sums.get(asset) ?? [0n, 0n]
      sums.set(asset, [a + posted, b + pending])
    }
    for (const sum of sums.values()) expect(sum).toEqual([0n, 0n])
  }
}

/** Rule 3: 0 ≤ captured + released ≤ held per posting, nothing remains of a hold that ended, pending = Σ open holds. */
function assertHolds(events: readonly RecordedEvent[]): void {
  const remaining = new Map<string, bigint[]>()
  for (const event of events) {
    if (event.type === 'HoldPlaced')
      remaining.set(
        event.revision.toString(),
        event.data.postings.map(({ amount }) => BigInt(amount)),
      )
    if (event.type === 'HoldCaptured') {
      const { holdId, amounts, released, final } = event.data
      const left = take(take(remaining.get(holdId), amounts), released)
      expect(event.data.remaining).toEqual(left.map(String))
      expect(final).toBe(left.every((amount) => amount === 0n))
      remaining.set(holdId, left)
    }
    if (event.type === 'HoldVoided' || event.type === 'HoldExpired') {
      const left = take(remaining.get(event.data.holdId), event.data.released)
      expect(left.every((amount) => amount === 0n)).toBe(true)
      remaining.set(event.data.holdId, left)
    }
  }
}

function take(from: readonly bigint[] | undefined, amounts: readonly string[]): bigint[] {
  expect(from?.length).toBe(amounts.length)
  return (from ?? []).map((left, index) => {
    const after = left - BigInt(amounts[index] ?? '0')
    expect(after).toBeGreaterThanOrEqual(0n)
    return after
  })
}

/** Rule 4: reversals less reinstatements stay between nothing and the original, per posting. */
function assertReversals(events: readonly RecordedEvent[]): void {
  const left = new Map<string, bigint[]>()
  for (const event of events) {
    if (event.type !== 'TransactionPosted' && event.type !== 'HoldCaptured') continue
    const amounts = event.data.postings.map(({ amount }) => BigInt(amount))
    left.set(event.revision.toString(), amounts)
    if (event.type === 'TransactionPosted') undo(event, left)
  }
}

function undo(
  { data }: Extract<RecordedEvent, { type: 'TransactionPosted' }>,
  left: ReadonlyMap<string, bigint[]>,
): void {
  if (data.reverses === undefined) return
  const target = left.get(data.reverses) ?? []
  for (const { source = -1, amount } of data.postings)
    target[source] = (target[source] ?? -1n) - BigInt(amount)
  expect(target.every((amount) => amount >= 0n)).toBe(true)
  if (data.reinstates === undefined) return
  const original = left.get(data.reinstates.transactionId) ?? []
  for (const [index, amount] of data.reinstates.amounts.entries())
    original[index] = (original[index] ?? 0n) + BigInt(amount)
}

/** The request that an event answers, where a test can know it. */
export type Requests = ReadonlyMap<
  string,
  { readonly command: string; readonly members: JsonObject }
>

/** Rule 8: deciding each request again on the books as they were then comes to the same event; all of it folds. */
export function assertDeterminism(events: readonly RecordedEvent[], requests: Requests): void {
  const ledger = unopenedLedger(events[0]?.ledgerId ?? '')
  for (const event of events) {
    const request = requests.get(event.idempotency.key)
    if (request !== undefined) decideAgain(ledger, { event, events, ...request })
    evolve(ledger, event)
  }
  for (const projection of allProjections) foldAll(projection, events)
  const again = unopenedLedger(ledger.ledgerId)
  for (const event of events) evolve(again, event)
  expect(booksOf(again)).toEqual(booksOf(ledger))
}

function decideAgain(
  ledger: Ledger,
  of: {
    readonly event: RecordedEvent
    readonly events: readonly RecordedEvent[]
    readonly command: string
    readonly members: JsonObject
  },
): void {
  const { type, data, recordedAt } = of.event
  const parsed = parseCommand(of.command, of.members)
  const input = 'malformed' in parsed ? undefined : parsed.input
  const earlier = of.events.slice(0, Number(of.event.revision))
  const context = { now: recordedAt, eventAt: (revision: bigint) => earlier[Number(revision)] }
  const decision = commandNamed(of.command)?.decide(ledger, input, context)
  if (type === 'CommandRejected')
    expect(decision).toMatchObject({ outcome: 'rejected', code: data.code, detail: data.detail })
  else expect(decision).toEqual({ outcome: 'accepted', event: { type, data } })
}
