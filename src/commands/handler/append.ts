import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '#commands/handler/job.ts'
import type { LogReader } from '#commands/handler/log-reader.ts'
import { outcomeUnknown } from '#commands/handler/refusals.ts'
import type { SealedEvent } from '#commands/handler/seal.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { AppendOutcomeUnknown, type EventStore, EventStoreUnavailable } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'

// How long clients wait for an outcome that is not known before they are told so; the writer goes on.
const patienceMs = 10_000
const pauseMsMax = 2_000

/**
 * Stores the events at their revisions. Where the outcome is not known, the identical bytes are sent again until it
 * is; meanwhile those who wait are told `outcome-unknown`.
 * @throws {WrongExpectedRevision | EventStoreUnavailable} nothing was stored.
 * @throws {AppendOutcomeUnknown} the store has failed for good.
 */
export async function appendSurely(
  { store, logger }: { readonly store: EventStore; readonly logger: Logger },
  {
    events,
    log,
    waiting,
  }: {
    readonly events: readonly SealedEvent[]
    readonly log: LogReader
    readonly waiting: readonly Job[]
  },
): Promise<void> {
  const first = events[0]?.event
  if (first === undefined) return
  const stream = ledgerStream(first.ledgerId)
  const expected = first.revision === 0n ? 'no-stream' : first.revision - 1n
  const toAppend = events.map((sealed) => sealed.toAppend)
  let patience: NodeJS.Timeout | undefined
  for (let attempt = 1; ; attempt += 1) {
    try {
      await store.append(stream, toAppend, expected)
      if (attempt > 1) await assertStored(log, first.revision, events)
      clearTimeout(patience)
      return
    } catch (error) {
      if (!isUnknown(error, attempt) || store.failed.aborted) {
        clearTimeout(patience)
        throw inTheEnd(error, attempt)
      }
      logger.warn({ err: error, stream, attempt }, 'the outcome of an append is not known yet')
      patience ??= setTimeout(() => tellUnknown(waiting), patienceMs)
      await sleep(Math.random() * Math.min(pauseMsMax, 50 * 2 ** attempt))
    }
  }
}

/** Once one attempt's outcome is unknown, a later one that certainly stored nothing says nothing about the first. */
function isUnknown(error: unknown, attempt: number): boolean {
  return (
    error instanceof AppendOutcomeUnknown || (attempt > 1 && error instanceof EventStoreUnavailable)
  )
}

function inTheEnd(error: unknown, attempt: number): unknown {
  if (!isUnknown(error, attempt) || error instanceof AppendOutcomeUnknown) return error
  return new AppendOutcomeUnknown('the store failed before the outcome was known', { cause: error })
}

function tellUnknown(waiting: readonly Job[]): void {
  for (const job of waiting) job.settled.resolve(outcomeUnknown)
}

async function assertStored(
  log: LogReader,
  from: bigint,
  events: readonly SealedEvent[],
): Promise<void> {
  const stored = await log.bytes(from, events.length)
  for (const [index, { toAppend }] of events.entries())
    if (stored[index] !== toAppend.json)
      throw new Error(`revision ${from + BigInt(index)} holds other bytes than were sent`)
}
