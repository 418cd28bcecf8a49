import { ledgerStream } from '#events/stream-names.ts'
import type { EventFeed } from '#ports/event-feed.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import { type Pace, systemPace } from '#ports/pace.ts'
import type { ReadModels, ReadModelWriter } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import { noSkips, type Skips } from '#projections/runtime/act-log.ts'
import { Counters, type ProjectionCounters } from '#projections/runtime/counters.ts'
import { type Delivery, deliveriesOf } from '#projections/runtime/deliveries.ts'
import { eachBounded } from '#projections/runtime/each-bounded.ts'
import { type ProjectorLimits, projectorLimits } from '#projections/runtime/limits.ts'
import { type LiveModel, LiveModels } from '#projections/runtime/live-models.ts'
import { retrying } from '#projections/runtime/retrying.ts'
import { applyRound, nextRevision, type RoundParts } from '#projections/runtime/round.ts'
import type { LedgerId } from '#values/ids.ts'

/** What a projector works with. `readModels`, where given, names the parked ledgers to try again at the start. */
export type ProjectorParts = {
  readonly projections: readonly (Projection & { readonly build?: number })[]
  readonly writer: Pick<ReadModelWriter, 'builds' | 'prepare' | 'checkpoint' | 'load' | 'commit'>
  readonly store: Pick<EventStore, 'readStream'>
  readonly logger: Logger
  readonly readModels?: Pick<ReadModels, 'parked'>
  readonly limits?: Partial<ProjectorLimits>
  readonly pace?: Pace
  readonly skips?: Skips
}

/** Keeps read models up with the log: whatever a feed delivers, model = fold of the events 0…n. */
export type Projector = {
  /**
   * Applies one batch, whatever it repeats or leaves out, and resolves once all of it is stored or parked. Waits for
   * the stores as long as it takes. @throws the signal's reason, and on a bug.
   */
  apply(batch: readonly StoredEvent[], signal?: AbortSignal): Promise<void>
  /** Prepares the collections, tries parked ledgers again, then follows the feed until the signal aborts. Waits for the stores like `apply`. */
  run(feed: EventFeed, signal: AbortSignal): Promise<void>
  /** Tries a parked ledger again and brings it up to the log's head. */
  retry(ledgerId: LedgerId, signal?: AbortSignal): Promise<void>
  /**
   * Looks which builds serve by now, and resolves to them once nothing is under way that may have begun with others. One
   * that is new among them may lack what was applied to another before.
   */
  refresh(signal?: AbortSignal): Promise<readonly LiveModel[]>
  counters(): ProjectorCounters
}

/** Since the projector was made; `retries` of all projections together. */
export type ProjectorCounters = {
  readonly projections: readonly ProjectionCounters[]
  readonly retries: number
}

/** Makes a projector; it holds no resources and does nothing until it is asked to. */
export function createProjector(parts: ProjectorParts): Projector {
  const own = projectorState(parts)
  const apply = (batch: readonly StoredEvent[], signal?: AbortSignal) =>
    underWay(own, applyBatch(own, batch, signal))
  const retry = (ledgerId: LedgerId, signal?: AbortSignal) =>
    underWay(own, retryLedger(own, ledgerId, signal))
  return {
    apply,
    retry,
    refresh: (signal) => refreshModels(own, signal),
    async run(feed, signal) {
      await prepare(own, signal)
      for (const ledgerId of await parkedLedgers(own, signal)) await retry(ledgerId, signal)
      await follow(own, feed, signal)
    },
    counters: () => ({ projections: own.counters.projections, retries: own.counters.retries }),
  }
}

type State = Omit<RoundParts, 'projections' | 'cache'> &
  Pick<ProjectorParts, 'readModels'> & {
    readonly live: LiveModels
    readonly writer: ProjectorParts['writer']
    readonly pace: Pace
    readonly underWay: Set<Promise<void>>
  }

function projectorState(parts: ProjectorParts): State {
  const { skips = noSkips, pace = systemPace, projections, writer } = parts
  const limits = { ...projectorLimits, ...parts.limits }
  const live = new LiveModels(projections, writer, limits)
  const counters = new Counters(projections)
  return { ...parts, skips, pace, limits, live, counters, underWay: new Set(), careful: new Set() }
}

/** A round goes on with the models that it began with. */
function roundParts(state: State): RoundParts {
  const { models, cache } = state.live
  return { ...state, projections: models, cache }
}

async function underWay({ underWay: all }: State, work: Promise<void>): Promise<void> {
  all.add(work)
  try {
    await work
  } finally {
    all.delete(work)
  }
}

async function refreshModels(
  state: State,
  signal: AbortSignal | undefined,
): Promise<readonly LiveModel[]> {
  await persist(state, signal, () => state.live.refresh())
  const { models } = state.live
  await Promise.allSettled(state.underWay)
  return models
}

async function applyBatch(
  state: State,
  batch: readonly StoredEvent[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await persist(state, signal, () => state.live.ensure())
  const { cache } = state.live
  cache.trim()
  const deliveries = deliveriesOf(batch)
  const ledgerIds = deliveries.map(({ ledgerId }) => ledgerId)
  cache.touch(ledgerIds)
  await persist(state, signal, () => cache.ensure(ledgerIds))
  countDuplicates(state, deliveries)
  await applyDeliveries(state, deliveries, signal)
}

async function applyDeliveries(
  state: State,
  deliveries: readonly Delivery[],
  signal: AbortSignal | undefined,
): Promise<void> {
  let open = deliveries
  while (open.length > 0) {
    const left = open
    open = await persist(state, signal, async (attempt) => {
      if (attempt > 1) await state.live.refresh()
      const parts = roundParts(state)
      if (attempt > 1) for (const { ledgerId } of left) parts.cache.forget(ledgerId)
      return applyRound(parts, left, attempt)
    })
  }
}

function countDuplicates(
  { live: { models, cache }, counters }: State,
  deliveries: readonly Delivery[],
): void {
  for (const projection of models)
    for (const delivery of deliveries) {
      const applied = cache.checkpoint(projection, delivery.ledgerId)?.revision ?? -1n
      counters.dropped(projection, delivery.count - delivery.countAfter(applied))
    }
}

async function retryLedger(
  state: State,
  ledgerId: LedgerId,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { limits, store, live } = state
  await persist(state, signal, () => live.ensure())
  live.cache.allowRetry(ledgerId)
  for (;;) {
    await persist(state, signal, () => live.cache.ensure([ledgerId]))
    const from = nextRevision(roundParts(state), ledgerId)
    if (from === undefined) return
    const page = await persist(state, signal, () =>
      store.readStream(ledgerStream(ledgerId), from, limits.gapPageEvents),
    )
    if (page.length === 0) return
    await applyDeliveries(state, deliveriesOf(page), signal)
  }
}

async function prepare(state: State, signal: AbortSignal): Promise<void> {
  await persist(state, signal, () => state.live.ensure())
  for (const model of state.live.models)
    await persist(state, signal, () => state.writer.prepare(model))
}

async function parkedLedgers(state: State, signal: AbortSignal): Promise<ReadonlySet<LedgerId>> {
  const { live, readModels, limits } = state
  if (readModels === undefined) return new Set()
  const all = await persist(state, signal, () =>
    eachBounded(live.models, limits.concurrentReads, (each) => readModels.parked(each)),
  )
  return new Set(all.flat())
}

/** A feed that fails is run again: it goes on after the last batch that was handled. */
function follow(state: State, feed: EventFeed, signal: AbortSignal): Promise<void> {
  return persist(state, signal, (_attempt, gotOn) =>
    feed.run(async (batch) => {
      await underWay(state, applyBatch(state, batch, signal))
      gotOn()
    }, signal),
  )
}

/** Does the work until the stores let it be done. */
function persist<Result>(
  { limits, counters, logger, pace }: State,
  signal: AbortSignal | undefined,
  work: Parameters<typeof retrying<Result>>[1],
): Promise<Result> {
  const failed = (error: Error, attempt: number): void => {
    counters.retries += 1
    const level = error.name === 'CheckpointsMoved' ? 'debug' : 'warn'
    logger[level]({ err: error, attempt }, 'projector waits and tries again')
  }
  return retrying({ limits, failed, signal, pace }, work)
}
