import { FeedUnavailable } from '#ports/event-feed.ts'
import type { Pace } from '#ports/pace.ts'
import { EventLogDamaged, EventStoreUnavailable } from '#ports/event-store.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'
import type { ProjectorLimits } from '#projections/runtime/limits.ts'

/** Another projector moved a checkpoint first; nothing of the commit was stored. */
export class CheckpointsMoved extends Error {
  override readonly name = 'CheckpointsMoved'
}

export type Retrying = {
  readonly limits: Pick<ProjectorLimits, 'retryDelayFirstMs' | 'retryDelayMaxMs'>
  /** Told of each failure before the wait. */
  readonly failed: (error: Error, attempt: number) => void
  readonly signal: AbortSignal | undefined
  readonly pace: Pace
}

/**
 * Does the work again while it fails for a passing reason, for as long as it takes; `attempt` counts from 1, and
 * again from 1 after the work said that it got on. Waits between half and all of a delay that doubles up to its cap.
 * @throws what isn't transient, and the signal's reason.
 */
export async function retrying<Result>(
  { limits, failed, signal, pace }: Retrying,
  work: (attempt: number, gotOn: () => void) => Promise<Result>,
): Promise<Result> {
  let attempt = 1
  const gotOn = () => {
    attempt = 1
  }
  for (; ; attempt += 1) {
    signal?.throwIfAborted()
    try {
      return await work(attempt, gotOn)
    } catch (error) {
      if (!isTransient(error)) throw error
      failed(error, attempt)
    }
    const delay = Math.min(limits.retryDelayFirstMs * 2 ** (attempt - 1), limits.retryDelayMaxMs)
    await pace.pause(delay * (0.5 + pace.random() / 2), signal)
  }
}

function isTransient(error: unknown): error is Error {
  return (
    error instanceof ReadModelsUnavailable ||
    error instanceof EventStoreUnavailable ||
    error instanceof EventLogDamaged ||
    error instanceof FeedUnavailable ||
    error instanceof CheckpointsMoved
  )
}
