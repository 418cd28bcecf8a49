import type * as fc from 'fast-check'
import { expect } from 'vitest'
import { holdLease } from '#projections/runtime/hold-lease.ts'
import { servingModels } from '#projections/runtime/live-models.ts'
import { patrol } from '#projections/runtime/patrol.ts'
import { patrolFeed } from '#projections/runtime/patrol-places.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { ProjectorWorld, type Tapes, tapesOf } from '#test/interleavings/projector-parts.ts'
import type { ProjectorLife, ProjectorPlan } from '#test/interleavings/projector-plans.ts'
import { type Ending, endingOf } from '#test/interleavings/projector-processes.ts'
import { ScheduledFeed } from '#test/support/scheduled-feed.ts'
import { ScheduledProcess, tapeOf } from '#test/support/scheduled-process.ts'
import { ScheduledWorld } from '#test/support/scheduled-world.ts'

// Long enough for every event to be settled.
const agoMs = 60_000

type Half = { readonly name: string; readonly process: ScheduledProcess; ending: Ending }

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
  const halves = plan.lives.flatMap((life, place) => {
    const slot = slotOf(shared, life)
    const begin = (name: string) =>
      beginBoth(shared, { process: new ScheduledProcess(world, name), slot, signal })
    const both = begin(`projector ${place + 1}`)
    const deaths = plan.ends.filter((each) => each.projector === place)
    for (const { after } of deaths.slice(0, 1))
      void killLater(both, after).then(() => both.push(...begin(`projector ${place + 1} again`)))
    return [both]
  })
  await world.run(() => shared.watched.isComplete)
  end.abort(new Error('it is to end'))
  await world.run()
  const living = halves.flat().filter(({ process }) => process.isAlive)
  const waiting = living.filter(({ ending }) => ending !== 'done' && ending !== 'ended')
  expect(waiting.map(({ name, ending }) => `${name}: ${String(ending)}`)).toEqual([])
  expect(await shared.watched.contradictions()).toEqual([])
}

type Slot = { readonly feed: ScheduledFeed; readonly tapes: Tapes }

/** The feed loses what a feed delivers at last. */
function slotOf({ log }: ProjectorWorld, life: ProjectorLife): Slot {
  const batches = log.batches(life.batches).slice(0, -1)
  return { feed: new ScheduledFeed(batches, tapeOf(life.feed)), tapes: tapesOf(life) }
}

function beginBoth(
  shared: ProjectorWorld,
  {
    process,
    slot,
    signal,
  }: {
    readonly process: ScheduledProcess
    readonly slot: Slot
    readonly signal: AbortSignal
  },
): Half[] {
  const parts = { ...shared.partsFor(process, slot.tapes), clock: process.world.clock }
  const lease = { ...parts, leases: parts.writer, name: patrolFeed, holder: process.name }
  const heal = (event: Parameters<Parameters<typeof patrol>[0]['heal']>[0], until: AbortSignal) =>
    createProjector(parts).apply([event], until)
  const projections = () => servingModels(parts.writer, parts.projections)
  return [
    half('follows', createProjector(parts).run(slot.feed.in(process), signal)),
    half(
      'patrols',
      holdLease(lease, signal, (held) => patrol({ ...parts, projections, heal }, held)),
    ),
  ]

  function half(name: string, work: Promise<void>): Half {
    const own: Half = { name: `${process.name} ${name}`, process, ending: 'runs' }
    void endingOf(work, signal, (ending) => {
      own.ending = ending
    })
    return own
  }
}

async function killLater(both: readonly Half[], after: number): Promise<void> {
  const process = both[0]?.process
  for (let waited = 0; waited < after; waited += 1) await process?.world.step('nothing happens')
  process?.kill()
}
