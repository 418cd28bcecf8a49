import type { RecordedEvent } from '#events/envelope.ts'
import type { Posting } from '#events/transaction-events.ts'

/** One side of a posting, found by reading the log. */
export type Side = {
  readonly revision: bigint
  readonly posting: number
  readonly side: 'debit' | 'credit'
  readonly accountId: string
  readonly asset: string
  readonly amount: bigint
  readonly effectiveAt: string
}

/** Which sides count, by either clock. */
export type Believed = { readonly revision: bigint; readonly effectiveAt?: string }

/** Every side of every posting, in the order of the log. Looks at nothing but postings, never at stored balances. */
export function sidesOf(events: readonly RecordedEvent[]): readonly Side[] {
  return events.flatMap(({ revision, type, data }) => {
    if (type !== 'TransactionPosted' && type !== 'HoldCaptured') return []
    const { effectiveAt } = data
    return data.postings.flatMap(({ debit, credit, asset, amount }, posting) =>
      (['debit', 'credit'] as const).map((side) => ({
        revision,
        posting,
        side,
        asset,
        effectiveAt,
        accountId: side === 'debit' ? debit : credit,
        amount: BigInt(amount),
      })),
    )
  })
}

export function counts(side: Side, { revision, effectiveAt }: Believed): boolean {
  return side.revision <= revision && (effectiveAt === undefined || side.effectiveAt <= effectiveAt)
}

export function total(sides: readonly Side[], which: Side['side']): bigint {
  return sides.filter(({ side }) => side === which).reduce((sum, { amount }) => sum + amount, 0n)
}

/** The order of a statement. */
export function inBusinessOrder(sides: readonly Side[]): readonly Side[] {
  const rank = (side: Side) => (side.side === 'debit' ? 0 : 1)
  return sides.toSorted(
    (a, b) =>
      compare(a.effectiveAt, b.effectiveAt) ||
      compare(a.revision, b.revision) ||
      a.posting - b.posting ||
      rank(a) - rank(b),
  )
}

/** What is on hold on one side of an account after a revision, and whether any hold ever touched it. */
export function onHold(
  events: readonly RecordedEvent[],
  { revision, accountId, asset, side }: Pick<Side, 'revision' | 'accountId' | 'asset' | 'side'>,
): { readonly pending: bigint; readonly touched: boolean } {
  const placed = events.filter((event) => event.revision <= revision)
  const holds = placed.filter((event) => event.type === 'HoldPlaced')
  const mine = (posting: Posting) => posting[side] === accountId && posting.asset === asset
  let [pending, touched] = [0n, false]
  for (const hold of holds) {
    for (const [index, posting] of hold.data.postings.entries()) {
      if (!mine(posting)) continue
      touched = true
      pending += BigInt(posting.amount) - gone(placed, hold.revision, index)
    }
  }
  return { pending, touched }
}

/** What was captured and released of one posting of a hold. */
function gone(events: readonly RecordedEvent[], hold: bigint, index: number): bigint {
  let sum = 0n
  for (const { type, data } of events) {
    if (type !== 'HoldCaptured' && type !== 'HoldVoided' && type !== 'HoldExpired') continue
    if (data.holdId !== hold.toString()) continue
    sum += BigInt(data.released[index] ?? '0')
    if ('amounts' in data) sum += BigInt(data.amounts[index] ?? '0')
  }
  return sum
}

function compare<Value extends string | bigint>(a: Value, b: Value): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
