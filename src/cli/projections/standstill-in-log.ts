import { openBuilding } from '#cli/rebuild/parts.ts'
import type { Shell } from '#cli/subcommand.ts'
import { makeCheckFolder } from '#compose/check-folder.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { Checkpoint } from '#ports/read-models.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import type { LedgerId } from '#values/ids.ts'

/** Where a ledger stands still, up to a revision, in a model that is made of the log alone. */
export type StandstillInLog = (
  model: LiveModel,
  ledgerId: LedgerId,
  revision: bigint,
) => Promise<Checkpoint['parked']>

/** Folds that ledger into temporary read models. What serves may be further, by a skip that nobody can read any more. */
export function standstillInLog(shell: Pick<Shell, 'config' | 'logger'>): StandstillInLog {
  return async (model, ledgerId, revision) => {
    await using folder = await makeCheckFolder(shell.config)
    const readModels = { engine: 'sqlite' as const, folder: folder.path }
    const target = { ...shell.config, readModels }
    await using building = await openBuilding(shell, { target, areToServe: false })
    const { store, writer, clock } = building
    const build = await writer.startBuild(model, new Date(clock.now()).toISOString())
    const built = { ...model, build }
    const upTo = await store.readStream(ledgerStream(ledgerId), revision, 1)
    await createProjector({ ...building, projections: [built] }).apply(upTo)
    return (await writer.checkpoint(built, ledgerId))?.parked
  }
}
