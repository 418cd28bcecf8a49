import { type EventStore, EventStoreUnavailable } from '#ports/event-store.ts'
import { type Delivery, type Reading, readStored } from '#projections/runtime/deliveries.ts'
import type { ProjectorLimits } from '#projections/runtime/limits.ts'

/** Consecutive events of one ledger, at least one. `closesGap` where they were read from the log and end a hole in what was delivered. */
export type Run = {
  readonly delivery: Delivery
  readonly readings: readonly Reading[]
  readonly closesGap: boolean
}

export type RunSource = {
  readonly store: Pick<EventStore, 'readStream'>
  readonly limits: ProjectorLimits
  /** Counts from 1; a log that lacks what was delivered is asked again, but not for ever. */
  readonly attempt: number
}

/** The next events from `from` on: what was delivered, or what the log has where nothing was. */
export async function nextRun(delivery: Delivery, from: bigint, source: RunSource): Promise<Run> {
  const delivered = delivery.runFrom(from, source.limits.runEvents)
  if (delivered.length > 0) return { delivery, readings: delivered, closesGap: false }
  const before = delivery.firstFrom(from) ?? delivery.upTo + 1n
  const readings = await missingEvents(delivery, { from, before }, source)
  return { delivery, readings, closesGap: from + BigInt(readings.length) === before }
}

async function missingEvents(
  delivery: Delivery,
  { from, before }: { readonly from: bigint; readonly before: bigint },
  { store, limits, attempt }: RunSource,
): Promise<readonly Reading[]> {
  const limit = Math.min(Number(before - from), limits.gapPageEvents)
  const page = await store.readStream(delivery.stream, from, limit)
  const consecutive = page.findIndex(({ revision }, index) => revision !== from + BigInt(index))
  const readings = page.slice(0, consecutive === -1 ? page.length : consecutive).map(readStored)
  if (readings.length > 0) return readings
  const reason = `the log does not hold revision ${from}, though ${delivery.upTo} was delivered`
  if (attempt < limits.missingEventTries) throw new EventStoreUnavailable(reason)
  return [{ revision: from, unreadable: reason }]
}
