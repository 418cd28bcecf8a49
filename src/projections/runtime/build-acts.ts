import type { ReadModelWriter } from '#ports/read-models.ts'
import type { ActLog } from '#projections/runtime/act-log.ts'
import type { RecordedAct } from '#projections/runtime/acts.ts'
import { BuildOutdated } from '#projections/runtime/build-errors.ts'
import { buildFeed } from '#projections/runtime/build-feed.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import type { LedgerId } from '#values/ids.ts'

export type BuildActsParts = {
  readonly acts: ActLog
  readonly writer: Pick<ReadModelWriter, 'builds' | 'checkpoint'>
  readonly persist: <Result>(signal: AbortSignal, work: () => Promise<Result>) => Promise<Result>
  readonly retry: (model: LiveModel, ledgerId: LedgerId, signal: AbortSignal) => Promise<void>
}

/** Which of the recorded acts each build has taken in. */
export class BuildActs {
  readonly #parts: BuildActsParts
  readonly #places = new Map<string, bigint | undefined>()

  constructor(parts: BuildActsParts) {
    this.#parts = parts
  }

  /** Goes past what was skipped since, and tries again what somebody wants to have tried. @throws {BuildOutdated} */
  async take(models: readonly LiveModel[], signal: AbortSignal): Promise<void> {
    const { acts, persist } = this.#parts
    await persist(signal, () => acts.refresh())
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

  /** Takes note that another has taken those up to the place. */
  taken(models: readonly LiveModel[], place: bigint | undefined): void {
    for (const model of models) this.#places.set(buildFeed(model), place)
  }

  /** None where the build serves already: then the projector has seen to them. */
  async #actsSinceStart(model: LiveModel, signal: AbortSignal): Promise<readonly RecordedAct[]> {
    const { acts, writer, persist } = this.#parts
    const builds = await persist(signal, () => writer.builds(model))
    const build = builds.find(({ number }) => number === model.build)
    if (build?.state !== 'building') return []
    return acts.after(undefined).filter(({ recordedAt }) => recordedAt >= build.startedAt)
  }

  async #take(act: RecordedAct, model: LiveModel, signal: AbortSignal): Promise<void> {
    const { ledgerId, revision } = act
    const { writer, persist, retry } = this.#parts
    const checkpoint = await persist(signal, () => writer.checkpoint(model, ledgerId))
    if (act.act === 'skip' && (checkpoint?.revision ?? -1n) >= revision)
      throw new BuildOutdated(
        `revision ${revision} of ${ledgerId} was skipped in ${model.name} while it was built`,
      )
    if (checkpoint?.parked !== undefined) await retry(model, ledgerId, signal)
  }
}
