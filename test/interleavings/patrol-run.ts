import type * as fc from 'fast-check'
import { expect } from 'vitest'
import { holdLease } from '#projections/runtime/hold-lease.ts'
import { servingModels } from '#projections/runtime/live-models.ts'
import { patrol } from '#projections/runtime/patrol.ts'
import { patrolFeed } from '#projections/runtime/patrol-places.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { ProcessHalves } from '#test/interleavings/process-halves.ts'
import { ProjectorWorld, tapesOf } from '#test/interleavings/projector-parts.ts'
import type { ProjectorPlan } from '#test/interleavings/projector-plans.ts'
import { ScheduledFeed } from '#test/support/scheduled-feed.ts'
import { type ScheduledProcess, tapeOf } from '#test/support/scheduled-process.ts'
import { ScheduledWorld } from '#test/support/scheduled-world.ts'

// Long enough for every event to be settled.
const agoMs = 60_000

/**
 * Processes that each follow a feed which loses events, the last ones too, and stand by to patrol. Plays the plan until
 * all models are complete, then ends all. @throws where that never comes to be, or anybody waits for ever.
 */
export async function runPatrols(scheduler: fc.Scheduler, plan: ProjectorPlan): Promise<void> {
  const world = new ScheduledWorld(scheduler)
  world.clock.pass(agoMs)
  const shared = await ProjectorWorld.begin(plan, (writer) => writer)
  const end = new AbortController()
  const { signal } = end
  const lives = plan.lives.map((life) => {
    // The feed loses what a feed delivers at last.
    const batches = shared.log.batches(life.batches).slice(0, -1)
    const feed = new ScheduledFeed(batches, tapeOf(life.feed))
    const tapes = tapesOf(life)
    return {
      signal,
      begin: (process: ScheduledProcess) => {
        const parts = { ...shared.partsFor(process, tapes), clock: process.world.clock }
        return {
          follows: createProjector(parts).run(feed.in(process), signal),
          patrols: patrols(parts, process.name, signal),
        }
      },
    }
  })
  const processes = new ProcessHalves(world, plan, lives)
  await world.run(() => shared.watched.isComplete)
  end.abort(new Error('it is to end'))
  await world.run()
  processes.assertEnded()
  expect(await shared.watched.contradictions()).toEqual([])
}

type PatrolParts = ReturnType<ProjectorWorld['partsFor']> &
  Pick<Parameters<typeof patrol>[0], 'clock'>

function patrols(parts: PatrolParts, holder: string, signal: AbortSignal): Promise<void> {
  const lease = { ...parts, leases: parts.writer, name: patrolFeed, holder }
  const heal = (event: Parameters<Parameters<typeof patrol>[0]['heal']>[0], until: AbortSignal) =>
    createProjector(parts).apply([event], until)
  const projections = () => servingModels(parts.writer, parts.projections)
  return holdLease(lease, signal, (held) => patrol({ ...parts, projections, heal }, held))
}
