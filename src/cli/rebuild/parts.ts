import { randomUUID } from 'node:crypto'
import { openExistingLog } from '#cli/existing-log.ts'
import type { Shell } from '#cli/subcommand.ts'
import { requireServing } from '#compose/dependencies.ts'
import { openReadModels, openReadModelWriter } from '#compose/stores.ts'
import { toolClock } from '#compose/tool-clock.ts'
import type { Config } from '#config.ts'
import { ActLog } from '#projections/runtime/act-log.ts'
import { aloneEffort } from '#projections/runtime/builder.ts'

/** What a builder of this process works with; `target` says where the builds go. */
export async function openBuilding(
  { config, logger }: Pick<Shell, 'config' | 'logger'>,
  target: Config,
) {
  await using opening = new AsyncDisposableStack()
  const store = opening.use(await openExistingLog(config, logger))
  const writer = opening.use(await openReadModelWriter(target))
  const readModels = opening.use(await openReadModels(target))
  await requireServing(target, { 'read-models': () => readModels.check() })
  const acts = new ActLog(store)
  await acts.refresh()
  const opened = opening.move()
  return {
    store,
    writer,
    readModels,
    acts,
    skips: acts,
    logger,
    clock: toolClock,
    effort: aloneEffort,
    holder: randomUUID(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

export type Building = Awaited<ReturnType<typeof openBuilding>>
