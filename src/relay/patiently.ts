import { setTimeout as sleep } from 'node:timers/promises'
import {
  AppendOutcomeUnknown,
  EventLogDamaged,
  EventStoreUnavailable,
  WrongExpectedRevision,
} from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import type { RelayLimits } from '#relay/limits.ts'

export type Patience = {
  readonly limits: Pick<RelayLimits, 'retryFirstMs' | 'retryMaxMs'>
  readonly logger: Logger
  readonly signal: AbortSignal
}

/**
 * Does the work again while the event store cannot serve, for as long as it takes. Waits between half and all of a
 * delay that doubles up to its cap. Whoever stops waits for nothing that is under way: a silent store would keep it.
 * @throws what is no failure of the store, and the signal's reason.
 */
export async function patiently<Result>(
  { limits, logger, signal }: Patience,
  work: () => Promise<Result>,
): Promise<Result> {
  let delayMs = limits.retryFirstMs
  for (;;) {
    try {
      return await unlessAborted(work(), signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!isPassing(error)) throw error
      logger.warn({ err: error }, 'the relay waits for the event store')
    }
    await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal })
    delayMs = Math.min(2 * delayMs, limits.retryMaxMs)
  }
}

/** What is under way is let go once the signal aborts. @throws the signal's reason. */
export async function unlessAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** A relay that finds its own last entry further on than it knew, from an append it gave up, only has to go on from there. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof EventStoreUnavailable ||
    error instanceof EventLogDamaged ||
    error instanceof AppendOutcomeUnknown ||
    error instanceof WrongExpectedRevision
  )
}
