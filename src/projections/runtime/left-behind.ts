import { ledgerOfStream } from '#events/stream-names.ts'
import type { Clock } from '#ports/clock.ts'
import { EventLogDamaged, type EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import { systemPace } from '#ports/pace.ts'
import type { ReadModels } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import type { Skips } from '#projections/runtime/act-log.ts'
import { projectorLimits } from '#projections/runtime/limits.ts'
import { servingModels } from '#projections/runtime/live-models.ts'
import { createProjector, type ProjectorParts } from '#projections/runtime/projector.ts'
import type { Missed } from '#projections/runtime/release-place.ts'
import { retrying } from '#projections/runtime/retrying.ts'
import type { LedgerId } from '#values/ids.ts'

export type LeftBehindParts = {
  readonly projections: readonly Projection[]
  readonly store: Pick<EventStore, 'readAll' | 'readStream'>
  readonly readModels: Pick<ReadModels, 'builds' | 'checkpoints'>
  readonly writer: ProjectorParts['writer']
  readonly skips: Skips
  readonly clock: Pick<Clock, 'monotonic'>
  readonly logger: Logger
}

/** Ledgers, or events of the log, that are looked at together. */
const atOnceMax = 1_000
const restMsMax = 1_000

/** Damage in the log does not pass. */
class Unreadable extends Error {
  override readonly name = 'Unreadable'
}

/**
 * Brings up, beside a projector, the ledgers in which a release missed something. Half of the time is the projector's.
 * False where some could not be read: they are passed over. Waits for the stores as long as it takes. @throws the signal's
 * reason, and on a bug.
 */
export async function bringUp(
  given: LeftBehindParts,
  missed: Missed,
  signal: AbortSignal,
): Promise<boolean> {
  const parts = { ...given, store: readable(given.store) }
  let areAll = true
  const unlessUnreadable = async (fields: object, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      areAll = false
      const said = { ...fields, err: error.cause }
      parts.logger.error(said, 'what a release missed is passed over until the next start')
    }
  }
  await unlessUnreadable({}, async () => {
    for await (const ledgerIds of ledgersLeft(parts, missed, signal)) {
      // One remembers every ledger that it had.
      const projector = projectorOf(parts)
      for (const ledgerId of ledgerIds)
        await unlessUnreadable({ ledgerId }, () =>
          resting(parts, signal, () => projector.retry(ledgerId, signal)),
        )
    }
  })
  return areAll
}

function readable(store: LeftBehindParts['store']): LeftBehindParts['store'] {
  return {
    readAll: (...given) => readOnce(() => store.readAll(...given)),
    readStream: (...given) => readOnce(() => store.readStream(...given)),
  }
}

async function readOnce<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof EventLogDamaged) throw new Unreadable(error.message, { cause: error })
    throw error
  }
}

function projectorOf({ projections, writer, store, logger, skips }: LeftBehindParts) {
  return createProjector({ projections, writer, store, logger, skips })
}

async function* ledgersLeft(
  parts: LeftBehindParts,
  { after, upTo }: Missed,
  signal: AbortSignal,
): AsyncGenerator<readonly LedgerId[]> {
  if (after === undefined) {
    const all = [...(await unequalLedgers(parts, signal))]
    for (let start = 0; start < all.length; start += atOnceMax)
      yield all.slice(start, start + atOnceMax)
  } else yield* ledgersOfLog(parts, { after, upTo }, signal)
}

/** Each once, in the order in which something happened in them. */
async function* ledgersOfLog(
  parts: LeftBehindParts,
  { after, upTo }: { readonly after: bigint; readonly upTo: bigint },
  signal: AbortSignal,
): AsyncGenerator<readonly LedgerId[]> {
  const known = new Set<LedgerId>()
  let place = after
  while (place < upTo) {
    const page = await resting(parts, signal, () => parts.store.readAll(place, atOnceMax, signal))
    const last = page.at(-1)
    if (last === undefined) return
    const ledgerIds = new Set(page.flatMap(({ stream }) => ledgerOfStream(stream) ?? []))
    const found = [...ledgerIds.difference(known)]
    for (const ledgerId of found) known.add(ledgerId)
    yield found
    place = last.position
  }
}

/** Those in which some read model that serves has another revision than the first one, or only one of both has any. */
async function unequalLedgers(
  parts: LeftBehindParts,
  signal: AbortSignal,
): Promise<ReadonlySet<LedgerId>> {
  const { readModels, projections } = parts
  const unequal = new Set<LedgerId>()
  let first: ReadonlyMap<LedgerId, bigint> | undefined
  for (const model of await resting(parts, signal, () => servingModels(readModels, projections))) {
    const checkpoints = await resting(parts, signal, () => readModels.checkpoints(model))
    first ??= new Map([...checkpoints].map(([ledgerId, { revision }]) => [ledgerId, revision]))
    for (const [ledgerId, { revision }] of checkpoints)
      if (first.get(ledgerId) !== revision) unequal.add(ledgerId)
    for (const ledgerId of first.keys()) if (!checkpoints.has(ledgerId)) unequal.add(ledgerId)
  }
  return unequal
}

/** Waits for the stores, and then as long as the work took. */
async function resting<Result>(
  { clock, logger }: LeftBehindParts,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const pace = systemPace
  const failed = (error: Error) => logger.warn({ err: error }, 'what a release missed has to wait')
  const begunMs = clock.monotonic()
  const result = await retrying({ limits: projectorLimits, failed, signal, pace }, work)
  const restMs = Math.min(clock.monotonic() - begunMs, restMsMax)
  await (restMs < 1 ? pace.turn() : pace.pause(restMs, signal))
  return result
}
