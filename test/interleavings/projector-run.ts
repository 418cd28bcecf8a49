import type * as fc from 'fast-check'
import { expect } from 'vitest'
import { type ProjectorMistake, ProjectorWorld } from '#test/interleavings/projector-parts.ts'
import type { ProjectorPlan } from '#test/interleavings/projector-plans.ts'
import { ProjectorProcesses } from '#test/interleavings/projector-processes.ts'
import { ScheduledWorld } from '#test/support/scheduled-world.ts'

/** Plays the plan in the order of the schedule. @throws where a model is not the fold of the log, or anybody waits for ever. */
export async function runProjectors(
  scheduler: fc.Scheduler,
  plan: ProjectorPlan,
  mistake: ProjectorMistake = (writer) => writer,
): Promise<void> {
  const world = new ScheduledWorld(scheduler)
  const shared = await ProjectorWorld.begin(plan, mistake)
  const processes = new ProjectorProcesses(world, shared, plan)
  await world.run()
  expect(processes.all.flatMap(complaint)).toEqual([])
  expect(await shared.watched.contradictions()).toEqual([])
  assertCounters(processes, shared)
}

/** One that was told to end may have been done already. */
function complaint({ process, ending, end }: ProjectorProcesses['all'][number]): readonly string[] {
  if (!process.isAlive) return []
  if (ending instanceof Error) return [`${process.name} failed: ${ending.message}`]
  if (ending === 'runs') return [`${process.name} waits for ever`]
  return ending === 'ended' && !end.signal.aborted ? [`${process.name} ended by itself`] : []
}

/** Each event is counted once where it was applied; less only where a projector could not know what it had stored. */
function assertCounters({ all }: ProjectorProcesses, { log, watched }: ProjectorWorld): void {
  const isCertain = !watched.shared.isUncertain && all.every(({ process }) => process.isAlive)
  for (const [place, projection] of log.projections.entries()) {
    const counts = all.map(({ projector }) => projector.counters().projections[place])
    const applied = counts.reduce((sum, each) => sum + (each?.eventsApplied ?? 0), 0)
    const ends = log.ledgerIds.map((ledgerId) => log.endOf(projection, ledgerId))
    const due = ends.reduce((sum, { revision }) => sum + Number(revision) + 1, 0)
    expect(applied).toBeLessThanOrEqual(due)
    if (isCertain) expect(applied).toBe(due)
    const parked = counts.reduce((sum, each) => sum + (each?.ledgersParked ?? 0), 0)
    const isParked = ends.some((end) => end.isParked)
    if (!isParked) expect(parked).toBe(0)
    if (isParked && isCertain) expect(parked).toBeGreaterThan(0)
  }
}
