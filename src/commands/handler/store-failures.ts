import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import { logDamaged, outcomeUnknown, overloaded, unavailable } from '#commands/handler/refusals.ts'
import { UndecodableEvent } from '#events/lift.ts'
import { BooksCacheUnavailable } from '#ports/books-cache.ts'
import {
  AppendOutcomeUnknown,
  EventLogDamaged,
  EventStoreUnavailable,
  WrongExpectedRevision,
} from '#ports/event-store.ts'

/** Whether the error is one that the store's port declares, and so says what was stored. */
export function isExpected(error: unknown): boolean {
  return (
    error instanceof EventStoreUnavailable ||
    error instanceof AppendOutcomeUnknown ||
    error instanceof WrongExpectedRevision
  )
}

/** The refusal that it comes to where the store fails. @throws what is no failure of the store. */
export async function orRefusal<Result>(work: Promise<Result>): Promise<Result | RefusedOutcome> {
  try {
    return await work
  } catch (error) {
    if (isExpected(error)) return refusalFor(error)
    throw error
  }
}

/** What those who wait are told of a failure of the store; its own words may name hosts and are for the log. */
export function refusalFor(error: unknown): RefusedOutcome {
  if (error instanceof WrongExpectedRevision) return overloaded
  if (error instanceof AppendOutcomeUnknown) return outcomeUnknown
  if (error instanceof UndecodableEvent) return unavailable(error.message)
  if (error instanceof EventLogDamaged) return logDamaged(error.place?.revision)
  if (error instanceof BooksCacheUnavailable) return unavailable('the books are read anew')
  return unavailable('the event store cannot be used now')
}
