import { openEventStoreDb } from '#adapters/eventstoredb/event-store.ts'
import type { EventStoreDbLimits } from '#adapters/eventstoredb/limits.ts'
import { type EventStoreDouble, startEventStoreDouble } from '#test/support/eventstoredb/start.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

/** For a test that waits until time is up; long enough for a busy machine to answer before. */
export const impatient = {
  appendDeadlineMs: 1_500,
  readDeadlineMs: 1_500,
  readAllDeadlineMs: 1_500,
} as const

/** A store on a double. */
export async function aStore(limits: Partial<EventStoreDbLimits> = {}) {
  const double = await startEventStoreDouble()
  const store = await openStoreOn(double, limits)
  return {
    double,
    store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      await double[Symbol.asyncDispose]()
    },
  }
}

export function openStoreOn(double: EventStoreDouble, limits: Partial<EventStoreDbLimits> = {}) {
  const { logger } = recordingLogger()
  return openEventStoreDb({ url: double.url, logger, limits })
}

/** Whether a promise has settled after some time, however it did. */
export async function settles(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  const late = Promise.withResolvers<false>()
  const timer = setTimeout(() => late.resolve(false), withinMs)
  const done = promise.then(
    () => true,
    () => true,
  )
  const settled = await Promise.race([done, late.promise])
  clearTimeout(timer)
  return settled
}
