import type { Clock } from '#ports/clock.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import { type Pace, systemPace } from '#ports/pace.ts'
import type { ReadModels, ReadModelWriter } from '#ports/read-models.ts'
import type { ActLog } from '#projections/runtime/act-log.ts'
import { BuildActs } from '#projections/runtime/build-acts.ts'
import { BuildStuck } from '#projections/runtime/build-errors.ts'
import { buildFeed } from '#projections/runtime/build-feed.ts'
import { atOnce, type Lane, type Read, slowerOf } from '#projections/runtime/build-lanes.ts'
import { projectorLimits } from '#projections/runtime/limits.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { createProjector, type Projector } from '#projections/runtime/projector.ts'
import { BuildPlace } from '#projections/runtime/build-place.ts'
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
  /** Says, where given, which ledgers are parked in a build that cannot serve. */
  readonly readModels?: Pick<ReadModels, 'parked'>
  readonly acts: ActLog
  readonly clock: Clock
  readonly logger: Logger
  readonly effort: BuilderEffort
  readonly pace?: Pace
  /** Fills some of the builds meanwhile, where there is one. */
  readonly lane?: Lane | undefined
  /** The builds are to serve: each lane makes what finding in its own takes, while the other may still fill. */
  readonly areToServe?: boolean
}

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
  readonly #acts: BuildActs
  #events = 0

  constructor(parts: BuilderParts) {
    this.#parts = parts
    this.#pace = parts.pace ?? systemPace
    this.#acts = new BuildActs({
      ...parts,
      persist: (signal, work) => this.#persist(signal, work),
      retry: (model, ledgerId, signal) => this.#projectorOf([model]).retry(ledgerId, signal),
    })
  }

  /** Reads what the log has now; it may go on all the time. @throws {BuildOutdated}, and the signal's reason. */
  async catchUp(
    models: readonly LiveModel[],
    signal: AbortSignal,
    read: Read = () => {},
  ): Promise<void> {
    const { lane } = this.#parts
    const theirs = lane?.shareOf(models) ?? []
    if (lane === undefined || theirs.length === 0) return this.#fill(models, signal, read)
    const ours = models.filter((model) => !theirs.includes(model))
    const [readHere, readThere] = slowerOf(read)
    await atOnce(signal, [
      async (until) => {
        await this.#fill(ours, until, readHere)
        await this.makeFindable(ours, until)
      },
      async (until) => this.#acts.taken(theirs, await lane.fill(theirs, until, readThere)),
    ])
  }

  async #fill(models: readonly LiveModel[], signal: AbortSignal, read: Read): Promise<void> {
    const { clock, store, effort } = this.#parts
    await this.#acts.take(models, signal)
    const persist = <Result>(work: () => Promise<Result>) => this.#persist(signal, work)
    const place = new BuildPlace({ ...this.#parts, persist }, models)
    await place.read()
    const end = await persist(() => store.end(signal))
    while (isBefore(place.position, end)) {
      signal.throwIfAborted()
      const begunMs = clock.monotonic()
      const page = await persist(() => store.readAll(place.position, effort.pageEvents, signal))
      const last = page.at(-1)
      if (last === undefined) break
      await this.#projectorOf(models).apply(page, signal)
      await place.moveTo(last.position)
      this.#events += page.length
      read(this.#events)
      await this.#rest(clock.monotonic() - begunMs, signal)
    }
    await place.save()
  }

  async #rest(afterMs: number, signal: AbortSignal): Promise<void> {
    const restMs = Math.min(afterMs * this.#parts.effort.restShare, restMsMax)
    await (restMs < 1 ? this.#pace.turn() : this.#pace.pause(restMs, signal))
  }

  /** Where the builds are to serve: what is found in them by more than their ids. */
  async makeFindable(models: readonly LiveModel[], signal: AbortSignal): Promise<void> {
    const { writer, areToServe } = this.#parts
    if (areToServe !== true) return
    for (const model of models) await this.#persist(signal, () => writer.prepare(model))
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
    const reason = await this.#persist(signal, () => this.#hindrance(model))
    throw new BuildStuck(
      `build ${model.build} of ${model.name} v${model.version} cannot serve: ${reason}`,
    )
  }

  async #hindrance(model: LiveModel): Promise<string> {
    const { readModels, writer } = this.#parts
    const [first, ...others] = (await readModels?.parked(model)) ?? []
    const parked = first === undefined ? undefined : (await writer.checkpoint(model, first))?.parked
    if (parked === undefined) return 'some ledger is further in the one that does'
    const more = others.length === 0 ? '' : `; ${others.length} more are parked`
    return `ledger ${first} is parked in it at revision ${parked.revision}: ${parked.reason}${more}`
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
      pace: this.#pace,
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

/** Undefined: at the beginning, and of a log that has no end yet. */
function isBefore(position: bigint | undefined, end: bigint | undefined): boolean {
  return end !== undefined && (position === undefined || position < end)
}
