import { FailureLines } from '#commands/handler/failure-lines.ts'
import type { CommandBus, DueHold, Outcome, RefusedOutcome } from '#commands/handler/outcome.ts'
import type { Clock } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import { type Pace, systemPace } from '#ports/pace.ts'
import type { LedgerId } from '#values/ids.ts'
import { formatTimestamp, type Timestamp } from '#values/timestamps.ts'

const holdsPerPage = 500

/** Between two sweeps, while nothing of what is due can be expired. */
const pauseMsMax = 5_000
const actor = 'daybook:sweeper'

export type HoldSweeperParts = {
  readonly bus: Pick<CommandBus, 'execute' | 'dueHolds'>
  /** What a read model believes to be due by `now`, longest due first, after one of them; fewer than `limit` at the end. */
  readonly dueHolds: (
    now: Timestamp,
    page: { readonly limit: number; readonly after?: DueHold },
  ) => Promise<readonly DueHold[]>
  /** The ledgers of which the read model may lack holds for ever: their books are asked. */
  readonly neglected: () => Promise<Iterable<LedgerId>>
  readonly clock: Clock
  readonly logger: Logger
  readonly intervalMs: number
  readonly pace?: Pace
}

/**
 * Expires due holds until the signal aborts. What fails is logged and tried again at the next interval; while all does, at
 * ever longer ones.
 */
export async function runHoldSweeper(parts: HoldSweeperParts, signal: AbortSignal): Promise<void> {
  const { clock, logger, intervalMs, pace = systemPace } = parts
  const failures = new FailureLines(logger, () => clock.monotonic())
  let pauseMs = intervalMs
  while (!signal.aborted) {
    const isInVain = await sweptInVain(parts, failures, signal)
    pauseMs = isInVain ? Math.max(intervalMs, Math.min(2 * pauseMs, pauseMsMax)) : intervalMs
    await pace.pause(pauseMs, signal)
  }
}

/** Sweeps once, and tells of what failed. True where something did, and nothing was expired. */
async function sweptInVain(
  parts: HoldSweeperParts,
  failures: FailureLines,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { expired, failed, first } = await sweep(parts, signal)
    if (first === undefined) return false
    const context = { failed, first }
    failures.tell({ level: 'warn', error: first.code, message: 'holds not expired', context })
    return expired === 0
  } catch (error) {
    failures.tell({ level: 'warn', error, message: 'a sweep of due holds failed' })
    return true
  }
}

/** How many holds are expired now, how many are not that should be, and why the first of these is not. */
type Swept = { readonly expired: number; readonly failed: number; readonly first?: RefusedOutcome }

/**
 * Page by page to the last one that is due, so that neither many at once nor some that can't be expired hold up others.
 * The read model may lag: what is expired already is answered from the log by its key, what is not due writes nothing.
 */
async function sweep(
  { bus, dueHolds, neglected, clock }: HoldSweeperParts,
  signal: AbortSignal,
): Promise<Swept> {
  let swept: Swept = { expired: 0, failed: 0 }
  const now = formatTimestamp(clock.now())
  if (now === undefined) return swept
  let last: DueHold | undefined
  do {
    const due = await dueHolds(now, { limit: holdsPerPage, ...(last && { after: last }) })
    swept = withPage(swept, await expireAll(bus, due))
    last = due.length < holdsPerPage ? undefined : due.at(-1)
  } while (last !== undefined && !signal.aborted)
  for (const ledgerId of await neglected()) {
    if (signal.aborted) break
    const due = await bus.dueHolds(ledgerId, now)
    const outcomes = 'kind' in due ? [due] : await expireAll(bus, due.slice(0, holdsPerPage))
    swept = withPage(swept, outcomes)
  }
  return swept
}

function expireAll(
  bus: HoldSweeperParts['bus'],
  due: readonly DueHold[],
): Promise<readonly Outcome[]> {
  return Promise.all(due.map((hold) => bus.execute(expiryOf(hold))))
}

function withPage({ expired, failed, first }: Swept, outcomes: readonly Outcome[]): Swept {
  const failures = outcomes.filter(isFailure)
  const soonest = first ?? failures[0]
  return {
    expired: expired + outcomes.filter(({ kind }) => kind === 'accepted').length,
    failed: failed + failures.length,
    ...(soonest && { first: soonest }),
  }
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

function isFailure(outcome: Outcome): outcome is RefusedOutcome {
  return outcome.kind === 'refused' && outcome.code !== 'not-due'
}
