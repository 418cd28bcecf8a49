import type { LogReader } from '#commands/handler/log-reader.ts'
import type { SealedEvent } from '#commands/handler/seal.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { AppendOutcomeUnknown, type EventStore, EventStoreUnavailable } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import type { Pace } from '#ports/pace.ts'

// How long anybody waits for an append before they are told that its outcome is not known; the writer goes on.
const patienceMs = 5_000
const pauseMsMax = 2_000

type Parts = { readonly store: EventStore; readonly logger: Logger; readonly pace: Pace }

type Append = { readonly events: readonly SealedEvent[]; readonly log: LogReader }

/**
 * Stores the events at their revisions. Where the outcome is not known, the identical bytes are sent again until it
 * is. `stillUnknown` is told again and again while that takes long, so that nobody waits for it.
 * @throws {WrongExpectedRevision | EventStoreUnavailable} nothing was stored.
 * @throws {AppendOutcomeUnknown} the store has failed for good.
 */
export async function appendSurely(
  parts: Parts,
  append: Append,
  stillUnknown: () => void,
): Promise<void> {
  const endPatience = parts.pace.every(patienceMs, stillUnknown)
  try {
    await untilKnown(parts, append)
  } finally {
    endPatience()
  }
}

async function untilKnown({ store, logger, pace }: Parts, { events, log }: Append): Promise<void> {
  const first = events[0]?.event
  if (first === undefined) return
  const stream = ledgerStream(first.ledgerId)
  const expected = first.revision === 0n ? 'no-stream' : first.revision - 1n
  const toAppend = events.map((sealed) => sealed.toAppend)
  for (let attempt = 1; ; attempt += 1) {
    try {
      await store.append(stream, toAppend, expected)
      if (attempt > 1) await assertStored(log, first.revision, events)
      return
    } catch (error) {
      if (!isUnknown(error, attempt) || store.failed.aborted) throw inTheEnd(error, attempt)
      logger.warn({ err: error, stream, attempt }, 'the outcome of an append is not known yet')
      await pace.pause(pace.random() * Math.min(pauseMsMax, 50 * 2 ** attempt))
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
