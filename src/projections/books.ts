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

/**
 * Computes once per event what several of its documents need; forgotten with the event. It is kept in a private field of the
 * event itself: measured, with a WeakMap projecting takes a tenth more, most of it collecting garbage.
 */
export function oncePerEvent<Result extends object>(
  compute: (event: RecordedEvent) => Result,
): (event: RecordedEvent) => Result {
  class Computed extends Onto {
    readonly #result: Result

    constructor(event: RecordedEvent, result: Result) {
      super(event)
      this.#result = result
    }

    static of(event: RecordedEvent): Result {
      const computed = #result in event ? event : new Computed(event, compute(event))
      return computed.#result
    }
  }
  return (event) => Computed.of(event)
}

/** A class that extends it puts its private fields on an object that is there already. */
// oxlint-disable-next-line typescript/no-extraneous-class -- only a constructor can do that
class Onto {
  constructor(target: object) {
    return target
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
