import { systemClock } from '#adapters/system/clock.ts'
import { memoryBoundsOf, openKeeping } from '#compose/books.ts'
import { openMarksOf } from '#compose/clock-marks.ts'
import { requireServing } from '#compose/dependencies.ts'
import { intactLog } from '#compose/intact-log.ts'
import { requireSameLog } from '#compose/same-log.ts'
import { openLog, openReadModels } from '#compose/stores.ts'
import { openCommandBus } from '#commands/handler/command-bus.ts'
import type { CommandBus } from '#commands/handler/outcome.ts'
import type { Config } from '#config.ts'
import type { Logger } from '#ports/logger.ts'

/**
 * The write side alone, for the tools; a server may write the same ledgers at the same time.
 * @throws {DependenciesUnavailable} where the log can't be reached, {ReadModelsUnavailable} where it isn't that of the
 * read models in the folder.
 */
export async function openWriteSide(config: Config, logger: Logger): Promise<CommandBus> {
  await using opening = new AsyncDisposableStack()
  const store = opening.use(await openLog(config, logger))
  await requireServing(config, { 'event-store': () => store.check() })
  if (config.readModels.engine === 'sqlite') {
    await using readModels = await openReadModels(config)
    await requireSameLog(config, { store, readModels })
  }
  const keeping = await openKeeping(config, logger, opening)
  const log = intactLog(store, logger)
  const clockMarks = await openMarksOf(config, logger)
  const memory = memoryBoundsOf(config)
  const parts = { store: log, clock: systemClock, clockMarks, logger, keeping, memory }
  const bus = opening.use(openCommandBus(parts))
  const opened = opening.move()
  return {
    execute: (request) => bus.execute(request),
    executeBatch: (request) => bus.executeBatch(request),
    dryRun: (request) => bus.dryRun(request),
    dryRunBatch: (request) => bus.dryRunBatch(request),
    dueHolds: (ledgerId, now) => bus.dueHolds(ledgerId, now),
    hasRoom: (bytes) => bus.hasRoom(bytes),
    believesClock: () => bus.believesClock(),
    confirmClock: () => bus.confirmClock(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
