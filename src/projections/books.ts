import type { RecordedEvent } from '#events/envelope.ts'
import type { SourcedPosting } from '#events/transaction-events.ts'
import type { BalanceRecord } from '#values/balances.ts'

/** What is recorded cannot have happened after what was recorded before it: a bug, never a client's mistake. */
class BooksContradict extends Error {
  override readonly name = 'BooksContradict'
}

/** @throws {BooksContradict} where the condition does not hold. */
export function assertBooks(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BooksContradict(message)
}

/** The totals that the event carries of what it touched; none where it touches no balance. */
export function balancesOf(event: RecordedEvent): readonly BalanceRecord[] {
  return 'balances' in event.data ? event.data.balances : []
}

/** What the event books for good; none where it books nothing. */
export function postingsOf(event: RecordedEvent): readonly SourcedPosting[] {
  const books = event.type === 'TransactionPosted' || event.type === 'HoldCaptured'
  return books ? event.data.postings : []
}

/** Computes once per event what several of its documents need; forgotten with the event. */
export function oncePerEvent<Result extends object>(
  compute: (event: RecordedEvent) => Result,
): (event: RecordedEvent) => Result {
  const results = new WeakMap<RecordedEvent, Result>()
  return (event) => {
    const known = results.get(event)
    if (known !== undefined) return known
    const result = compute(event)
    results.set(event, result)
    return result
  }
}

/** The members of those names that are there, in that order. */
export function pick<Source extends object, Name extends keyof Source>(
  source: Source,
  names: readonly Name[],
): Pick<Source, Name>
export function pick(source: object, names: readonly PropertyKey[]): object {
  const picked: Record<PropertyKey, unknown> = {}
  for (const name of names) {
    const value: unknown = Reflect.get(source, name)
    if (value !== undefined) picked[name] = value
  }
  return picked
}
