import { type Running, running } from '#compose/running.ts'
import { runHoldSweeper } from '#commands/handler/hold-sweeper.ts'
import type { CommandBus } from '#commands/handler/outcome.ts'
import type { Config } from '#config.ts'
import type { Clock } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import type { ReadModels } from '#ports/read-models.ts'
import { dueHolds } from '#queries/due-holds.ts'

/** The sweeper at work. Several may sweep: a hold expires once, by its key. */
export function startSweeping({
  commandBus,
  readModels,
  clock,
  config,
  logger,
}: {
  readonly commandBus: CommandBus
  readonly readModels: ReadModels
  readonly clock: Clock
  readonly config: Config
  readonly logger: Logger
}): Running {
  const parts = {
    bus: commandBus,
    dueHolds: (now: string, page: Parameters<typeof dueHolds>[2]) =>
      dueHolds(readModels, now, page),
    clock,
    logger,
    intervalMs: config.sweepIntervalMs,
  }
  return running((signal) => runHoldSweeper(parts, signal))
}
