import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { openLogFeed } from '#adapters/log/feed.ts'
import { systemClock } from '#adapters/system/clock.ts'
import {
  type KafkaSettings,
  type LogReading,
  openLogReading,
  openReadModels,
  openLongReadModelWriter,
} from '#compose/stores.ts'
import { endOfLongLog } from '#compose/long-log.ts'
import { openBuildLane } from '#compose/build-lane.ts'
import type { Config } from '#config.ts'
import type { Clock } from '#ports/clock.ts'
import type { EventFeed } from '#ports/event-feed.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import { systemPace } from '#ports/pace.ts'
import type { ReadModels, ReadModelWriter } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'
import { ActLog } from '#projections/runtime/act-log.ts'
import type { Lane } from '#projections/runtime/build-lanes.ts'
import { besideOthers, type BuilderEffort } from '#projections/runtime/builder.ts'
import { holdLease } from '#projections/runtime/hold-lease.ts'
import { isInUse, startMissing } from '#projections/runtime/build-missing.ts'
import { keepModels } from '#projections/runtime/keeper.ts'
import { bringUp } from '#projections/runtime/left-behind.ts'
import { projectorLimits } from '#projections/runtime/limits.ts'
import { servingModels } from '#projections/runtime/live-models.ts'
import { patrolFeed } from '#projections/runtime/patrol-places.ts'
import { patrol } from '#projections/runtime/patrol.ts'
import { createProjector, type ProjectorParts } from '#projections/runtime/projector.ts'
import { ReleasePlace } from '#projections/runtime/release-place.ts'
import { retrying } from '#projections/runtime/retrying.ts'

/** Builds the read models until it is told to stop. */
export type Projecting = AsyncDisposable & {
  /** Rejects on a bug, and where the read models are not where they were opened. */
  run(signal: AbortSignal): Promise<void>
  readonly store: LogReading
  readonly readModels: ReadModels
}

type Parts = Omit<ProjectorParts, 'store' | 'writer' | 'readModels'> & {
  readonly writer: ReadModelWriter
  readonly readModels: ReadModels
  readonly store: LogReading
  readonly clock: Clock
  readonly acts: ActLog
  readonly effort: BuilderEffort
  readonly lane: Lane | undefined
  /** The feed whose place says whether these read models have ever had anything. */
  readonly place: string
  readonly isPatrolled: boolean
  readonly holder: string
  /** Where a feed of the log is followed; what follows a broker is patrolled. */
  readonly release?: ReleasePlace
}

/** Under which name the projector keeps its place in a log that it follows itself. */
const projectorFeed = 'projector'

/** The feed whose place in the log tells which ledgers may be new to every read model. */
export function placeInLog({ feed }: Config): string {
  return feed.engine === 'log' ? projectorFeed : patrolFeed
}

/** Opens what a projector works with. @throws what keeps it from starting. */
export async function openProjecting(
  config: Config,
  logger: Logger,
  projections: readonly Projection[] = allProjections,
): Promise<Projecting> {
  await using opening = new AsyncDisposableStack()
  const store = await openLogReading(config, logger, opening)
  const writer = await openLongReadModelWriter(config, logger, opening)
  const readModels = opening.use(await openReadModels(config))
  const parts = {
    projections,
    writer,
    store,
    readModels,
    logger,
    clock: systemClock,
    acts: new ActLog(store, logger),
    effort: besideOthers,
    lane: openBuildLane(config, logger, { areToServe: true }),
    place: placeInLog(config),
    isPatrolled: config.feed.engine !== 'log',
    holder: randomUUID(),
  }
  const { feed } = config
  const work =
    feed.engine === 'log'
      ? (signal: AbortSignal) => followLog(config, parts, signal)
      : await brokerFollower(feed, parts)
  const opened = opening.move()
  return {
    store,
    readModels,
    async run(signal) {
      const until = AbortSignal.any([signal, writer.failed])
      try {
        await work(until)
      } catch (error) {
        if (!until.aborted) throw error
      }
      if (!signal.aborted) writer.failed.throwIfAborted()
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/**
 * Read models on a server may have many projectors: one at a time does the work. Those in a file have those of one
 * machine, whose programs come and go: a lease would only make a restart wait.
 */
function followLog(config: Config, parts: Parts, signal: AbortSignal): Promise<void> {
  const { store, writer, projections, clock } = parts
  const wait = store.appended && { wait: store.appended }
  const release = new ReleasePlace({ feed: projectorFeed, positions: writer, projections, clock })
  const { positions } = release
  const feed = openLogFeed({ name: projectorFeed, store, positions, ...wait })
  const follow = async (until: AbortSignal) => {
    if (config.eventStore.engine === 'sqlite') await buildFromLongLog(parts)
    await project({ ...parts, release }, feed, until)
  }
  return config.readModels.engine === 'sqlite'
    ? follow(signal)
    : holdLease(leaseOf(parts, projectorFeed), signal, follow)
}

/** New read models of a long log are built as a whole, from its beginning; what comes after its end now is followed. */
async function buildFromLongLog(parts: Parts): Promise<void> {
  const { readModels, writer, store, place } = parts
  if ((await readModels.feedPosition(place)) !== undefined) return
  const end = await endOfLongLog(store)
  if (end === undefined) return
  await startMissing(parts)
  await writer.saveFeedPosition(place, end)
}

/** As many projectors as there are partitions share a topic; one of them patrols. */
async function brokerFollower(
  { connection, topic }: KafkaSettings,
  parts: Parts,
): Promise<(signal: AbortSignal) => Promise<void>> {
  const { logger, writer } = parts
  const { openKafkaFeed } = await import('#adapters/kafka/feed.ts')
  const groupId = `${topic}.projector.${await installationOf(writer)}`
  const feed = openKafkaFeed({ connection, topic, groupId, logger })
  return (signal) =>
    together(signal, [
      (until) => project(parts, feed, until),
      (until) => holdLease(leaseOf(parts, patrolFeed), until, (held) => walkLog(parts, held)),
    ])
}

/** Follows the feed, and keeps the models as they ought to be meanwhile. */
async function project(parts: Parts, feed: EventFeed, signal: AbortSignal): Promise<void> {
  const { acts, readModels, projections, place, release } = parts
  const limits = projectorLimits
  const failed = (error: Error) => parts.logger.warn({ err: error }, 'the projector waits')
  const waiting = <Result>(work: () => Promise<Result>) =>
    retrying({ limits, failed, signal, pace: systemPace }, work)
  await waiting(async () => {
    await acts.refresh()
    // A feed that has never been read brings everything: what it fills may serve from the start.
    if (await isInUse(readModels, projections, place)) await startMissing(parts)
  })
  const projector = createProjector({ ...parts, skips: acts })
  const missed = await waiting(async () => release?.begin())
  await together(signal, [
    (until) => projector.run(feed, until),
    (until) => keepModels({ ...parts, projector }, until),
    async (until) => {
      const hasAll = missed && (await bringUp({ ...parts, skips: acts }, missed, until))
      if (hasAll === true) await waiting(async () => release?.hasAll())
      await aborted(until)
    },
  ])
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

function walkLog(parts: Parts, signal: AbortSignal): Promise<void> {
  const heal = async (event: StoredEvent, until: AbortSignal) => {
    parts.logger.warn({ stream: event.stream }, 'a ledger stood still: it is read from the log')
    await createProjector({ ...parts, skips: parts.acts }).apply([event], until)
  }
  const projections = () => servingModels(parts.writer, parts.projections)
  return patrol({ ...parts, projections, heal }, signal)
}

function leaseOf({ writer, holder, logger }: Parts, name: string) {
  return { leases: writer, name, holder, clock: systemClock, logger }
}

/**
 * An id of these read models, made with them. Who follows a broker under it gets everything from the beginning where
 * the read models are new, also those that replace lost ones.
 */
async function installationOf(writer: ReadModelWriter): Promise<string> {
  const name = 'installation'
  await writer.moveLease(name, undefined, randomUUID())
  const installation = await writer.lease(name)
  if (installation === undefined) throw new Error('the read models do not keep a lease')
  return installation.holder
}

/** Runs all until one ends, then ends the others. @throws the first error. */
async function together(
  signal: AbortSignal,
  works: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const over = new AbortController()
  const until = AbortSignal.any([signal, over.signal])
  const endAll = (work: Promise<void>) => work.finally(() => over.abort())
  const results = await Promise.allSettled(works.map((work) => endAll(work(until))))
  const failures = results.filter((result) => result.status === 'rejected')
  const [first] = failures
  // Those that were ended say so; what ended them comes first.
  const cause = failures.find(({ reason }) => !isAbort(reason)) ?? first
  if (cause !== undefined) throw cause.reason
}

function isAbort(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'AbortError'
}
