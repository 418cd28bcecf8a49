import type { Clock } from '#ports/clock.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import { type Pace, systemPace } from '#ports/pace.ts'
import type { ReadModelWriter } from '#ports/read-models.ts'
import type { ActLog } from '#projections/runtime/act-log.ts'
import type { RecordedAct } from '#projections/runtime/acts.ts'
import { buildFeed } from '#projections/runtime/build-feed.ts'
import { projectorLimits } from '#projections/runtime/limits.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { createProjector, type Projector } from '#projections/runtime/projector.ts'
import { retrying } from '#projections/runtime/retrying.ts'

/**
 * How hard a builder works: events read at once, documents in one commit, and how long it rests after each page, as a
 * share of the time that the page took. Others write to the same store in between.
 */
export type BuilderEffort = {
  readonly pageEvents: number
  readonly commitDocuments: number
  readonly restShare: number
}

/** Beside a projector in its thread: half of the time is the projector's. */
export const besideOthers: BuilderEffort = {
  pageEvents: 1_000,
  commitDocuments: 5_000,
  restShare: 1,
}

/** In a process of its own. */
export const aloneEffort: BuilderEffort = {
  pageEvents: 5_000,
  commitDocuments: 20_000,
  restShare: 0,
}

export type BuilderParts = {
  readonly store: Pick<EventStore, 'readAll' | 'readStream' | 'end'>
  readonly writer: Pick<
    ReadModelWriter,
    | 'builds'
    | 'prepare'
    | 'checkpoint'
    | 'load'
    | 'commit'
    | 'serveBuild'
    | 'feedPosition'
    | 'saveFeedPosition'
  >
  readonly acts: ActLog
  readonly clock: Clock
  readonly logger: Logger
  readonly effort: BuilderEffort
  readonly pace?: Pace
}

/** What was skipped meanwhile is in the build already: it has to be made anew. */
export class BuildOutdated extends Error {
  override readonly name = 'BuildOutdated'
}

/** The build can't take the place of what serves, because a ledger stands still in it that goes on there. */
export class BuildStuck extends Error {
  override readonly name = 'BuildStuck'
}

/** Told of every page: how many events were read in all. */
export type Read = (events: number) => void

const restMsMin = 2
const restMsMax = 1_000
const serveTries = 50

/**
 * Fills builds from the log, each event read and decoded once for all of them. Their place in the log is stored: another
 * builder goes on where one ended. Waits for the stores as long as it takes. @throws {BuildGone} where one is dropped.
 */
export class Builder {
  readonly #parts: BuilderParts
  readonly #pace: Pace
  readonly #projectors = new Map<string, Projector>()
  readonly #places = new Map<string, bigint | undefined>()
  #events = 0

  constructor(parts: BuilderParts) {
    this.#parts = parts
    this.#pace = parts.pace ?? systemPace
  }

  /** Reads what the log has now; it may go on all the time. @throws {BuildOutdated}, and the signal's reason. */
  async catchUp(models: readonly LiveModel[], signal: AbortSignal, read?: Read): Promise<void> {
    const { store } = this.#parts
    await this.#takeActs(models, signal)
    let position = await this.#persist(signal, () => this.#position(models))
    const end = await this.#persist(signal, () => store.end(signal))
    if (end === undefined) return
    while (position === undefined || position < end) {
      signal.throwIfAborted()
      const last = await this.#takePage(models, position, signal)
      if (last === undefined) return
      position = last
      read?.(this.#events)
    }
  }

  /** Catches up and lets the build serve, as often as the others move on meanwhile. @throws {BuildStuck} */
  async serve(model: LiveModel, signal: AbortSignal): Promise<void> {
    const { writer, logger } = this.#parts
    for (let tries = 1; tries <= serveTries; tries += 1) {
      await this.catchUp([model], signal)
      if (await this.#persist(signal, () => writer.serveBuild(model))) {
        const { name, version, build } = model
        logger.info({ projection: name, version, build }, 'a build of a read model serves')
        return
      }
      await this.#pace.pause(this.#pace.random() * restMsMin * tries, signal)
    }
    throw new BuildStuck(
      `build ${model.build} of ${model.name} v${model.version} cannot serve: some ledger is further in the one that does`,
    )
  }

  /** The position of the page's last event; undefined for an empty one. Rests after it. */
  async #takePage(
    models: readonly LiveModel[],
    after: bigint | undefined,
    signal: AbortSignal,
  ): Promise<bigint | undefined> {
    const { clock, store, effort, writer } = this.#parts
    const begunMs = clock.monotonic()
    const page = await this.#persist(signal, () => store.readAll(after, effort.pageEvents, signal))
    const last = page.at(-1)
    if (last === undefined) return undefined
    await this.#projectorOf(models).apply(page, signal)
    for (const model of models)
      await this.#persist(signal, () => writer.saveFeedPosition(buildFeed(model), last.position))
    this.#events += page.length
    const tookMs = clock.monotonic() - begunMs
    const restMs = Math.min(tookMs * effort.restShare, restMsMax)
    await (restMs < 1 ? this.#pace.turn() : this.#pace.pause(restMs, signal))
    return last.position
  }

  /** Goes past what was skipped since, and tries again what somebody wants to have tried. */
  async #takeActs(models: readonly LiveModel[], signal: AbortSignal): Promise<void> {
    const { acts } = this.#parts
    await this.#persist(signal, () => acts.refresh())
    for (const model of models) {
      const feed = buildFeed(model)
      const recorded = this.#places.has(feed)
        ? acts.after(this.#places.get(feed))
        : await this.#actsSinceStart(model, signal)
      this.#places.set(feed, acts.place)
      for (const act of recorded)
        if (act.projection === model.name && act.version === model.version)
          await this.#take(act, model, signal)
    }
  }

  /** None where the build serves already: then the projector has seen to them. */
  async #actsSinceStart(model: LiveModel, signal: AbortSignal): Promise<readonly RecordedAct[]> {
    const { acts, writer } = this.#parts
    const builds = await this.#persist(signal, () => writer.builds(model))
    const build = builds.find(({ number }) => number === model.build)
    if (build?.state !== 'building') return []
    return acts.after(undefined).filter(({ recordedAt }) => recordedAt >= build.startedAt)
  }

  async #take(act: RecordedAct, model: LiveModel, signal: AbortSignal): Promise<void> {
    const { ledgerId, revision } = act
    const { writer } = this.#parts
    const checkpoint = await this.#persist(signal, () => writer.checkpoint(model, ledgerId))
    if (act.act === 'skip' && (checkpoint?.revision ?? -1n) >= revision)
      throw new BuildOutdated(
        `revision ${revision} of ${ledgerId} was skipped in ${model.name} while it was built`,
      )
    if (checkpoint?.parked !== undefined) await this.#projectorOf([model]).retry(ledgerId, signal)
  }

  async #position(models: readonly LiveModel[]): Promise<bigint | undefined> {
    const { writer } = this.#parts
    const positions = await Promise.all(models.map((each) => writer.feedPosition(buildFeed(each))))
    let least = positions[0]
    for (const position of positions)
      if (position === undefined || least === undefined || position < least)
        least = position === undefined || least === undefined ? undefined : position
    return least
  }

  #projectorOf(models: readonly LiveModel[]): Projector {
    const { effort, store, writer, logger, acts } = this.#parts
    const key = models.map(buildFeed).join()
    const known = this.#projectors.get(key)
    if (known !== undefined) return known
    const { pageEvents, commitDocuments } = effort
    const limits = { runEvents: pageEvents, commitDocuments }
    const made = createProjector({
      projections: models,
      writer,
      store,
      logger,
      limits,
      skips: acts,
    })
    this.#projectors.set(key, made)
    return made
  }

  #persist<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const failed = (error: Error) =>
      this.#parts.logger.warn({ err: error }, 'a builder waits and tries again')
    return retrying({ limits: projectorLimits, failed, signal, pace: this.#pace }, work)
  }
}
