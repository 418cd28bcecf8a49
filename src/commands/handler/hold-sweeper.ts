import type { CommandBus, Outcome } from '#commands/handler/outcome.ts'
import type { Clock } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import { type Pace, systemPace } from '#ports/pace.ts'
import type { LedgerId, RevisionId } from '#values/ids.ts'
import { formatTimestamp, type Timestamp } from '#values/timestamps.ts'

const holdsPerPage = 500
const actor = 'daybook:sweeper'

/** A hold that a read model believes to be due; the books decide whether it is. */
export type DueHold = {
  readonly ledgerId: LedgerId
  readonly holdId: RevisionId
  readonly expiresAt: Timestamp
}

export type HoldSweeperParts = {
  readonly bus: Pick<CommandBus, 'execute'>
  /** The holds due by `now`, longest due first, after one of them; fewer than `limit` at the end. */
  readonly dueHolds: (
    now: Timestamp,
    page: { readonly limit: number; readonly after?: DueHold },
  ) => Promise<readonly DueHold[]>
  readonly clock: Clock
  readonly logger: Logger
  readonly intervalMs: number
  readonly pace?: Pace
}

/** Expires due holds until the signal aborts. A sweep that fails is logged and tried again at the next interval. */
export async function runHoldSweeper(parts: HoldSweeperParts, signal: AbortSignal): Promise<void> {
  const { intervalMs, pace = systemPace } = parts
  while (!signal.aborted) {
    await sweep(parts, signal).catch((error: unknown) => {
      parts.logger.warn({ err: error }, 'a sweep of due holds failed')
    })
    await pace.pause(intervalMs, signal)
  }
}

/**
 * Page by page to the last one that is due, so that neither many at once nor some that can't be expired hold up others.
 * The read model may lag: what is expired already is answered from the log by its key, what is not due writes nothing.
 */
async function sweep(
  { bus, dueHolds, clock, logger }: HoldSweeperParts,
  signal: AbortSignal,
): Promise<void> {
  const now = formatTimestamp(clock.now())
  if (now === undefined) return
  let last: DueHold | undefined
  do {
    const due = await dueHolds(now, { limit: holdsPerPage, ...(last && { after: last }) })
    const outcomes = await Promise.all(due.map((hold) => bus.execute(expiryOf(hold))))
    const failed = outcomes.filter(isFailure)
    if (failed.length > 0)
      logger.warn({ failed: failed.length, first: failed[0] }, 'holds not expired')
    last = due.length < holdsPerPage ? undefined : due.at(-1)
  } while (last !== undefined && !signal.aborted)
}

function expiryOf({ ledgerId, holdId, expiresAt }: DueHold): Parameters<CommandBus['execute']>[0] {
  const key = `daybook:expire:${holdId}:${expiresAt}`
  return {
    ledgerId,
    key,
    actor,
    correlationId: key,
    causationId: key,
    item: {
      command: 'ExpireHold',
      input: { holdId },
      request: { command: 'ExpireHold', holdId },
    },
  }
}

function isFailure(outcome: Outcome): boolean {
  return outcome.kind === 'refused' && outcome.code !== 'not-due'
}
