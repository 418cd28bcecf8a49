import { table } from '#cli/table.ts'
import { projectionsStream } from '#events/stream-names.ts'
import type { ActLog } from '#projections/runtime/act-log.ts'
import {
  type ParkedLedger,
  type ProjectionStatus,
  skippedListedMax,
} from '#projections/runtime/projection-status.ts'
import type { RevisionId } from '#values/ids.ts'

type ListedDamage = { readonly revision: RevisionId; readonly reason: string }

/** Acts that are not what was recorded, with their revisions in the stream of acts. */
export function damagedIn({ damaged }: ActLog): readonly ListedDamage[] {
  return damaged.map(({ place, damage }) => ({ revision: place.toString(), reason: damage }))
}

/** A table of the read models, and below it what stands still, was skipped, is being built or is damaged. */
export function listLines(
  statuses: readonly ProjectionStatus[],
  damagedActs: readonly ListedDamage[],
): readonly string[] {
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
  return [
    ...table([head, ...rows], new Set([2, 4, 5, 6])),
    ...statuses.flatMap(detailsOf),
    ...damagedActs.map(
      ({ revision, reason }) =>
        `${projectionsStream} revision ${revision} is damaged: ${reason}; nobody acts on it`,
    ),
  ]
}

function detailsOf(status: ProjectionStatus): readonly string[] {
  const { name, parkedLedgers, skippedEvents, building } = status
  return [
    ...parkedLedgers.map((parked) => `${name}: ${sentenceOf(parked)}`),
    ...skippedLines(name, skippedEvents),
    ...(building === null
      ? []
      : [
          `${name}: v${building.version} build ${building.build} is being built: ${building.appliedEvents} of ${building.totalEvents} events`,
          ...building.parkedLedgers.map(
            (parked) =>
              `${name}: v${building.version} build ${building.build}: ${sentenceOf(parked)}`,
          ),
        ]),
  ]
}

/** The last that were skipped, and how many were before: all of them are in the JSON. */
function skippedLines(
  name: string,
  skippedEvents: ProjectionStatus['skippedEvents'],
): readonly string[] {
  const lines = skippedEvents
    .slice(0, skippedListedMax)
    .map(
      ({ ledgerId, revision, actor, reason, recordedAt }) =>
        `${name}: ${ledgerId} goes past revision ${revision}, skipped by ${actor} at ${recordedAt}: ${reason}`,
    )
  const before = skippedEvents.length - lines.length
  if (before === 0) return lines
  return [...lines, `${name}: and ${before} skipped before; --json lists them all`]
}

function sentenceOf({ ledgerId, revision, reason }: ParkedLedger): string {
  return `${ledgerId} is parked at revision ${revision}: ${reason}`
}
