import type * as fc from 'fast-check'
import { expect } from 'vitest'
import type { EventFeed } from '#ports/event-feed.ts'
import type { Projection } from '#projections/projection.ts'
import { ActLog } from '#projections/runtime/act-log.ts'
import { keepModels } from '#projections/runtime/keeper.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { ProcessHalves } from '#test/interleavings/process-halves.ts'
import { ProjectorWorld, tapesOf } from '#test/interleavings/projector-parts.ts'
import type { ProjectorPlan } from '#test/interleavings/projector-plans.ts'
import { RefreshWitness } from '#test/interleavings/refresh-witness.ts'
import { ScheduledFeed } from '#test/support/scheduled-feed.ts'
import { type ScheduledProcess, tapeOf } from '#test/support/scheduled-process.ts'
import { ScheduledWorld } from '#test/support/scheduled-world.ts'

const effort = { pageEvents: 7, commitDocuments: 5, restShare: 0 }

/**
 * Processes that each follow a feed and keep the read models, while the log grows. Two projections are of a new version:
 * its builds are to be filled beside those that serve, and to take their place. Plays the plan until they have, then ends
 * all. @throws where that never comes to be, or anybody waits for ever.
 */
export async function runBuilders(scheduler: fc.Scheduler, plan: ProjectorPlan): Promise<void> {
  const world = new ScheduledWorld(scheduler, plan.stepMs)
  const shared = await ProjectorWorld.beginGrowing(plan)
  const { log, watched } = shared
  for (const projection of log.projections) await watched.shared.models.prepare(projection)
  const raised = log.projections.slice(2).map(nextOf)
  const projections = [...log.projections.slice(0, 2), ...raised]
  const end = new AbortController()
  const { signal } = end
  const lives = plan.lives.map((life) => {
    const feed = new ScheduledFeed(log.batches(life.batches), tapeOf(life.feed))
    // A build takes more calls than anything else, and has to meet faults to its end.
    const models = Array.from({ length: 4 }, () => life.models).flat()
    const [tapes, keepingTapes] = [tapesOf(life), tapesOf({ ...life, models })]
    return {
      signal,
      begin: (process: ScheduledProcess) => {
        const parts = shared.partsFor(process, keepingTapes)
        const acts = new ActLog(parts.store)
        const following = shared.partsFor(process, tapes)
        const witness = new RefreshWitness(watched, log.projections)
        const writer = witness.writer(following.writer)
        const projector = witness.projector(
          createProjector({ ...following, writer, projections, skips: acts }),
        )
        const all = { ...parts, projections, acts, projector, effort, clock: world.clock }
        return {
          follows: projector.run(growing({ ...life, shared, process }, feed.in(process)), signal),
          keeps: keepModels({ ...all, holder: process.name }, signal),
        }
      },
    }
  })
  const processes = new ProcessHalves(world, plan, lives)
  await world.run(
    () =>
      raised.every((each) => watched.hasServed(each)) &&
      projections.every((each) => watched.isAtEnd(each)),
  )
  end.abort(new Error('it is to end'))
  await world.run()
  processes.assertEnded()
  expect(await watched.contradictions(projections)).toEqual([])
}

function nextOf(projection: Projection): Projection {
  return { ...projection, version: projection.version + 1, previous: projection }
}

type Growing = {
  readonly shared: ProjectorWorld
  readonly process: ScheduledProcess
  readonly pauseSteps: number
}

/** What a feed brings is in the log by then. */
function growing({ shared, process, pauseSteps }: Growing, feed: EventFeed): EventFeed {
  return {
    run: (handler, signal) =>
      feed.run(async (batch) => {
        for (let waited = 0; waited < pauseSteps; waited += 1) await process.step('has nothing new')
        await shared.grow(Math.max(0, ...batch.map(({ position }) => Number(position) + 1)))
        await handler(batch)
      }, signal),
  }
}
