import { ledgerOfStream } from '#events/stream-names.ts'
import type { Clock } from '#ports/clock.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import { type Pace, systemPace } from '#ports/pace.ts'
import type { ReadModelWriter } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import { eachBounded } from '#projections/runtime/each-bounded.ts'
import { projectorLimits } from '#projections/runtime/limits.ts'
import { PatrolPlaces } from '#projections/runtime/patrol-places.ts'
import { recordedMs } from '#projections/runtime/recorded-ms.ts'
import { retrying } from '#projections/runtime/retrying.ts'
import type { LedgerId } from '#values/ids.ts'

/**
 * Looks after what a broker has lost. A gap shows as soon as the ledger's next event is delivered; where it was the last
 * one that got lost, nothing more comes. So the patrol walks along the log behind the projectors and brings up every
 * ledger that stands still before an event of it.
 */
export type PatrolParts = {
  /** Those that serve: others are filled by who builds them. */
  readonly projections: () => Promise<readonly (Projection & { readonly build?: number })[]>
  readonly store: Pick<EventStore, 'readAll'>
  readonly writer: Pick<ReadModelWriter, 'checkpoint' | 'feedPosition' | 'saveFeedPosition'>
  readonly clock: Clock
  readonly logger: Logger
  /** Brings the ledger up to the event. */
  readonly heal: (event: StoredEvent, signal: AbortSignal) => Promise<void>
  readonly times?: PatrolTimes
  readonly pace?: Pace
}

/**
 * Events are looked at once they are `settledMs` old. A ledger stands still when nothing was applied for `patienceMs`;
 * where others of the same page still move, those before it in the feed may be at it, and it is given `patienceMax` times
 * as long. A page of events is followed by a pause as long as it took, at most `pauseMs`.
 */
export type PatrolTimes = {
  readonly settledMs: number
  readonly patienceMs: number
  readonly pauseMs: number
}

const defaultTimes: PatrolTimes = { settledMs: 10_000, patienceMs: 5_000, pauseMs: 1_000 }
const patienceMax = 12
const pageEvents = 1_000
const concurrentReads = 32

/** Patrols until the signal aborts, and waits where a store can't serve. @throws the signal's reason, and on a bug. */
export function patrol(parts: PatrolParts, signal: AbortSignal): Promise<void> {
  const failed = (error: Error) => parts.logger.warn({ err: error }, 'the patrol waits')
  const { pace = systemPace } = parts
  return retrying({ limits: projectorLimits, failed, signal, pace }, (_attempt, gotOn) =>
    walk(parts, gotOn, signal),
  )
}

async function walk(parts: PatrolParts, gotOn: () => void, signal: AbortSignal): Promise<void> {
  const { clock, store, writer, times = defaultTimes, pace = systemPace } = parts
  const places = new PatrolPlaces(writer)
  let position: bigint | undefined
  while (!signal.aborted) {
    const begunMs = clock.monotonic()
    position = await places.from(position, await parts.projections())
    const page = settled(parts, await store.readAll(position, pageEvents, signal))
    const last = page.at(-1)
    const events = lastOfEach(page)
    await bringUp(parts, events, signal)
    // A page without any ledger's event is not worth a write to remember.
    if (last !== undefined && events.size > 0) await places.passed(last.position)
    position = last?.position ?? position
    gotOn()
    const tookMs = Math.min(clock.monotonic() - begunMs, times.pauseMs)
    await pace.pause(last === undefined ? times.pauseMs : tookMs, signal)
  }
}

/** The part of the page that everybody has had time to apply. What a wrong clock dates ahead is not waited for. */
function settled(
  { clock, times = defaultTimes }: PatrolParts,
  page: readonly StoredEvent[],
): readonly StoredEvent[] {
  const nowMs = clock.now()
  const isYoung = ({ json }: StoredEvent) => Math.abs(nowMs - recordedMs(json)) < times.settledMs
  const young = page.findIndex(isYoung)
  return young === -1 ? page : page.slice(0, young)
}

function lastOfEach(page: readonly StoredEvent[]): ReadonlyMap<LedgerId, StoredEvent> {
  return new Map(
    page.flatMap((event): [LedgerId, StoredEvent][] => {
      const ledgerId = ledgerOfStream(event.stream)
      return ledgerId === undefined ? [] : [[ledgerId, event]]
    }),
  )
}

/** Resolves once every ledger has its event, was healed, or is parked. @throws the signal's reason. */
async function bringUp(
  parts: PatrolParts,
  events: ReadonlyMap<LedgerId, StoredEvent>,
  signal: AbortSignal,
): Promise<void> {
  const { heal, times = defaultTimes, pace = systemPace } = parts
  /** How often each was found where it had been before. */
  const waits = new Map<LedgerId, number>()
  let behind = await thoseBehind(parts, events)
  while (behind.size > 0) {
    await pace.pause(times.patienceMs, signal)
    signal.throwIfAborted()
    const now = await thoseBehind(parts, events, behind)
    const still = [...now].filter(([ledgerId, applied]) => applied === behind.get(ledgerId))
    const patience = still.length < behind.size ? patienceMax : 1
    for (const [ledgerId] of still) {
      const waited = (waits.get(ledgerId) ?? 0) + 1
      waits.set(ledgerId, waited)
      const event = events.get(ledgerId)
      if (event === undefined || waited < patience) continue
      await heal(event, signal)
      now.delete(ledgerId)
    }
    behind = now
  }
}

/** How far the ledgers are that lack their event in some read model that isn't parked. */
async function thoseBehind(
  { projections: served, writer }: PatrolParts,
  events: ReadonlyMap<LedgerId, StoredEvent>,
  among: ReadonlyMap<LedgerId, unknown> = events,
): Promise<Map<LedgerId, bigint>> {
  const projections = await served()
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
