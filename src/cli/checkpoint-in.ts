import type { Checkpoint, ModelBuild, ReadModels } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** How far a ledger has come in one model, or in one build of it. */
export async function checkpointIn(
  readModels: ReadModels,
  model: ModelBuild,
  ledgerId: LedgerId,
): Promise<Checkpoint | undefined> {
  await using view = await readModels.view(ledgerId)
  return await view.checkpoint(model)
}
