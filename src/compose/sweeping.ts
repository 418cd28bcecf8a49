import { type Running, running } from '#compose/running.ts'
import { runHoldSweeper } from '#commands/handler/hold-sweeper.ts'
import type { CommandBus } from '#commands/handler/outcome.ts'
import type { Config } from '#config.ts'
import type { Clock } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { ReadModels } from '#ports/read-models.ts'
import { holds } from '#projections/holds.ts'
import { ActLog } from '#projections/runtime/act-log.ts'
import { dueHolds } from '#queries/due-holds.ts'
import type { LedgerId } from '#values/ids.ts'

/** The sweeper at work. Several may sweep: a hold expires once, by its key. */
export function startSweeping({
  commandBus,
  store,
  readModels,
  clock,
  config,
  logger,
}: {
  readonly commandBus: CommandBus
  readonly store: Pick<EventStore, 'readStream'>
  readonly readModels: ReadModels
  readonly clock: Clock
  readonly config: Config
  readonly logger: Logger
}): Running {
  const parts = {
    bus: commandBus,
    dueHolds: (now: string, page: Parameters<typeof dueHolds>[2]) =>
      dueHolds(readModels, now, page),
    neglected: neglectedIn(readModels, new ActLog(store)),
    clock,
    logger,
    intervalMs: config.sweepIntervalMs,
  }
  return running((signal) => runHoldSweeper(parts, signal))
}

/** Where the read model of holds stands still, or goes past events, a hold that it lacks would never expire. */
function neglectedIn(readModels: ReadModels, acts: ActLog): () => Promise<ReadonlySet<LedgerId>> {
  return async () => {
    const parked = await readModels.parked(holds)
    await acts.refresh()
    const skips = acts.skips.filter(({ projection }) => projection === holds.name)
    return new Set([...parked, ...skips.map(({ ledgerId }) => ledgerId)])
  }
}
