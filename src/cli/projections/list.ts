import { table } from '#cli/table.ts'
import type { ProjectionStatus } from '#projections/runtime/projection-status.ts'

/** A table of the read models, and below it what stands still, was skipped or is being built. */
export function listLines(statuses: readonly ProjectionStatus[]): readonly string[] {
  const rows = statuses.map((each) => [
    each.name,
    `v${each.version}`,
    each.build === null ? '-' : `${each.build}`,
    each.status,
    `${each.lagEvents}`,
    each.lagSeconds.toFixed(1),
    `${each.parkedLedgers.length}`,
  ])
  const head = ['projection', 'version', 'build', 'status', 'lag', 'seconds', 'parked']
  return [...table([head, ...rows], new Set([2, 4, 5, 6])), ...statuses.flatMap(detailsOf)]
}

function detailsOf(status: ProjectionStatus): readonly string[] {
  const { name, parkedLedgers, skippedEvents, building } = status
  return [
    ...parkedLedgers.map(
      ({ ledgerId, revision, reason }) =>
        `${name}: ${ledgerId} is parked at revision ${revision}: ${reason}`,
    ),
    ...skippedEvents.map(
      ({ ledgerId, revision, actor, reason, recordedAt }) =>
        `${name}: ${ledgerId} goes past revision ${revision}, skipped by ${actor} at ${recordedAt}: ${reason}`,
    ),
    ...(building === null
      ? []
      : [
          `${name}: v${building.version} build ${building.build} is being built: ${building.appliedEvents} of ${building.totalEvents} events`,
        ]),
  ]
}
