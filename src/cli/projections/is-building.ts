import { toolClock } from '#compose/tool-clock.ts'
import type { ReadModels } from '#ports/read-models.ts'
import { builderLease } from '#projections/runtime/build-missing.ts'
import { isHeld } from '#projections/runtime/hold-lease.ts'
import type { ProjectionStatus } from '#projections/runtime/projection-status.ts'

/** Whether some process fills builds; it takes seconds to be sure that none does. */
export function isBuilding(leases: Pick<ReadModels, 'lease'>): Promise<boolean> {
  const signal = new AbortController().signal
  return isHeld({ leases, name: builderLease, clock: toolClock }, signal)
}

/** Without the builds that a killed rebuild left beside what serves. */
export async function withoutLeft(
  leases: Pick<ReadModels, 'lease'>,
  statuses: readonly ProjectionStatus[],
): Promise<readonly ProjectionStatus[]> {
  if (!statuses.some(isBeside) || (await isBuilding(leases))) return statuses
  return statuses.map((status) => (isBeside(status) ? { ...status, building: null } : status))
}

/** Such builds only a rebuild fills. */
function isBeside({ build, version, building }: ProjectionStatus): boolean {
  return build !== null && building?.version === version
}
