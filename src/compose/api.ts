import { secretInFile } from '#adapters/system/secret-file.ts'
import type { HealthChecks } from '#compose/dependencies.ts'
import { intactLog } from '#compose/intact-log.ts'
import { placeInLog } from '#compose/projecting.ts'
import type { Relaying } from '#compose/relaying.ts'
import type { Log } from '#compose/stores.ts'
import type { CommandBus } from '#commands/handler/outcome.ts'
import type { Config } from '#config.ts'
import { currentVersions } from '#events/ledger-event.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { type App, createApp } from '#http/app.ts'
import type { Clock } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import type { ReadModels } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import { builderLease } from '#projections/runtime/build-missing.ts'
import { LeaseWatch } from '#projections/runtime/hold-lease.ts'
import { boundedStatus } from '#projections/runtime/projection-status.ts'
import { projectionStatuses } from '#projections/runtime/projection-statuses.ts'
import { queries } from '#queries/all-queries.ts'

export type ApiParts = {
  readonly config: Config
  readonly logger: Logger
  readonly clock: Clock
  readonly store: Log
  readonly readModels: ReadModels
  readonly commandBus: CommandBus
  /** Where this process is a relay as well. */
  readonly relayStatus: Relaying['status'] | undefined
  readonly healthChecks: HealthChecks
}

/** The API over what was opened for it. */
export async function createApi(parts: ApiParts): Promise<App> {
  const { config, store, readModels, clock } = parts
  const builders = new LeaseWatch({ leases: readModels, name: builderLease, clock })
  return createApp({
    ...parts,
    store: intactLog(store, parts.logger),
    queries,
    streamOf: ledgerStream,
    eventTypes: Object.keys(currentVersions),
    projectionStatuses: async () => {
      const statuses = await projectionStatuses({
        projections: allProjections,
        readModels,
        store,
        feedPosition: () => readModels.feedPosition(placeInLog(config)),
        isBuilding: async () => (await builders.isHeld()) !== false,
        nowMs: clock.now(),
      })
      return statuses.map(boundedStatus)
    },
    cursorSecret: config.cursorSecret ?? (await secretInFile(config.cursorSecretFile)),
  })
}
