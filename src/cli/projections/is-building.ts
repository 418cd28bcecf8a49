import { toolClock } from '#compose/tool-clock.ts'
import type { ReadModels } from '#ports/read-models.ts'
import { builderLease } from '#projections/runtime/build-missing.ts'
import { isHeld } from '#projections/runtime/hold-lease.ts'
import type { IsBuilding } from '#projections/runtime/left-builds.ts'

/** Whether some process fills builds. It takes seconds to be sure that none does: looked at once, whoever asks. */
export function whetherBuilding(leases: Pick<ReadModels, 'lease'>): IsBuilding {
  const signal = new AbortController().signal
  let told: Promise<boolean> | undefined
  return () => (told ??= isHeld({ leases, name: builderLease, clock: toolClock }, signal))
}
