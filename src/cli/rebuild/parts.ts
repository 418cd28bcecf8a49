import { randomUUID } from 'node:crypto'
import { openExistingLogAsIs } from '#cli/existing-log.ts'
import type { Shell } from '#cli/subcommand.ts'
import { openBuildLane } from '#compose/build-lane.ts'
import { requireServing } from '#compose/dependencies.ts'
import { intactLog } from '#compose/intact-log.ts'
import { openReadModels, openReadModelWriter } from '#compose/stores.ts'
import { toolClock } from '#compose/tool-clock.ts'
import type { Config } from '#config.ts'
import { ledgerOfStream } from '#events/stream-names.ts'
import { ActLog } from '#projections/runtime/act-log.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { aloneEffort } from '#projections/runtime/builder.ts'

export type BuildingOptions = {
  /** Where the builds go. */
  readonly target: Config
  readonly areToServe: boolean
}

/** What a builder of this process works with. */
export async function openBuilding(
  { config, logger }: Pick<Shell, 'config' | 'logger'>,
  { target, areToServe }: BuildingOptions,
) {
  await using opening = new AsyncDisposableStack()
  const store = opening.use(await openExistingLogAsIs(config, logger))
  const writer = opening.use(await openReadModelWriter(target))
  const readModels = opening.use(await openReadModels(target))
  await requireServing(target, { 'read-models': () => readModels.check() })
  const acts = new ActLog(store, logger)
  await acts.refresh()
  const opened = opening.move()
  return {
    // A damaged event parks its ledger in a build as in what serves; nothing is folded on over it but what was skipped.
    store,
    intactFor: (model: LiveModel) =>
      intactLog(store, logger, ({ stream, revision }) =>
        acts.isSkipped(model, ledgerOfStream(stream) ?? '', revision),
      ),
    writer,
    readModels,
    acts,
    skips: acts,
    logger,
    clock: toolClock,
    effort: aloneEffort,
    areToServe,
    lane: openBuildLane(target, logger, { areToServe }),
    holder: randomUUID(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

export type Building = Awaited<ReturnType<typeof openBuilding>>
