import { setTimeout as sleep } from 'node:timers/promises'
import { ledgerOfStream } from '#events/stream-names.ts'
import type { Clock } from '#ports/clock.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import type { ReadModelWriter } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import { eachBounded } from '#projections/runtime/each-bounded.ts'
import { projectorLimits } from '#projections/runtime/limits.ts'
import { retrying } from '#projections/runtime/retrying.ts'
import type { LedgerId } from '#values/ids.ts'

/**
 * Looks after what a broker has lost. A gap shows as soon as the ledger's next event is delivered; where it was the last
 * one that got lost, nothing more comes. So the patrol walks along the log behind the projectors and brings up every
 * ledger that stands still before an event of it.
 */
export type PatrolParts = {
  readonly projections: readonly Projection[]
  readonly store: Pick<EventStore, 'readAll'>
  readonly writer: Pick<ReadModelWriter, 'checkpoint' | 'feedPosition' | 'saveFeedPosition'>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
  /** Brings the ledger up to its log's head. */
  readonly heal: (event: StoredEvent, signal: AbortSignal) => Promise<void>
  readonly times?: PatrolTimes
}

/** Events are looked at once they are `settledMs` old; a ledger stands still when nothing was applied for `patienceMs`. */
export type PatrolTimes = {
  readonly settledMs: number
  readonly patienceMs: number
  readonly pauseMs: number
}

/** Under which name the patrol keeps its place in the log. */
export const patrolFeed = 'patrol'

const defaultTimes: PatrolTimes = { settledMs: 10_000, patienceMs: 5_000, pauseMs: 1_000 }
const pageEvents = 1_000
const concurrentReads = 32

/** Patrols until the signal aborts, and waits where a store can't serve. @throws the signal's reason, and on a bug. */
export function patrol(parts: PatrolParts, signal: AbortSignal): Promise<void> {
  const failed = (error: Error) => parts.logger.warn({ err: error }, 'the patrol waits')
  return retrying({ limits: projectorLimits, failed, signal }, () => walk(parts, signal))
}

async function walk(parts: PatrolParts, signal: AbortSignal): Promise<void> {
  const { store, writer, times = defaultTimes } = parts
  let position = await writer.feedPosition(patrolFeed)
  while (!signal.aborted) {
    const page = settled(parts, await store.readAll(position, pageEvents))
    const last = page.at(-1)
    if (last === undefined) {
      await pause(times.pauseMs, signal)
      continue
    }
    if (await bringUp(parts, lastOfEach(page), signal))
      await writer.saveFeedPosition(patrolFeed, last.position)
    position = last.position
  }
}

/** The part of the page that everybody has had time to apply. */
function settled(
  { clock, times = defaultTimes }: PatrolParts,
  page: readonly StoredEvent[],
): readonly StoredEvent[] {
  const untilMs = clock.now() - times.settledMs
  const young = page.findIndex(({ json }) => recordedMs(json) > untilMs)
  return young === -1 ? page : page.slice(0, young)
}

/** −∞ where the event says no time: such are not ours to wait for. */
function recordedMs(json: string): number {
  const at = /"recordedAt":"([^"]{20,30})"/.exec(json)?.[1]
  return at === undefined ? Number.NEGATIVE_INFINITY : Date.parse(at)
}

function lastOfEach(page: readonly StoredEvent[]): ReadonlyMap<LedgerId, StoredEvent> {
  return new Map(
    page.flatMap((event): [LedgerId, StoredEvent][] => {
      const ledgerId = ledgerOfStream(event.stream)
      return ledgerId === undefined ? [] : [[ledgerId, event]]
    }),
  )
}

/** Resolves once every ledger has its event, was healed, or is parked; false where there was none to look at. */
async function bringUp(
  parts: PatrolParts,
  events: ReadonlyMap<LedgerId, StoredEvent>,
  signal: AbortSignal,
): Promise<boolean> {
  const { heal, times = defaultTimes } = parts
  let behind = await thoseBehind(parts, events)
  while (behind.size > 0 && !signal.aborted) {
    await pause(times.patienceMs, signal)
    const now = await thoseBehind(parts, events, behind)
    for (const [ledgerId, applied] of now) {
      if (signal.aborted) return false
      const event = events.get(ledgerId)
      if (event === undefined || applied !== behind.get(ledgerId)) continue
      await heal(event, signal)
      now.delete(ledgerId)
    }
    behind = now
  }
  return events.size > 0
}

/** How far the ledgers are that lack their event in some read model that isn't parked. */
async function thoseBehind(
  { projections, writer }: PatrolParts,
  events: ReadonlyMap<LedgerId, StoredEvent>,
  among: ReadonlyMap<LedgerId, unknown> = events,
): Promise<Map<LedgerId, bigint>> {
  const pairs = [...among.keys()].flatMap((ledgerId) =>
    projections.map((projection) => ({ ledgerId, projection })),
  )
  const behind = new Map<LedgerId, bigint>()
  await eachBounded(pairs, concurrentReads, async ({ ledgerId, projection }) => {
    const checkpoint = await writer.checkpoint(projection, ledgerId)
    const applied = checkpoint?.revision ?? -1n
    if (checkpoint?.parked !== undefined || applied >= (events.get(ledgerId)?.revision ?? -1n))
      return
    const least = behind.get(ledgerId)
    if (least === undefined || applied < least) behind.set(ledgerId, applied)
  })
  return behind
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
