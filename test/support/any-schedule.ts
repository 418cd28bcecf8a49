import * as fc from 'fast-check'
import { seed as seedOfRuns } from '#test/support/property-runs.ts'
import { watchTurns } from '#test/support/turn-watch.ts'

/**
 * Any order in which what is scheduled may happen. Each draws its steps from a number of its own: a clone of fast-check's
 * own scheduler goes on where the last one ended, so that a case which was shrunk is not what its path leads to.
 */
export const anySchedule: fc.Arbitrary<fc.Scheduler> = fc
  .noBias(fc.noShrink(fc.integer()))
  .map((number) => scheduleOf(number))

let isWatched = false

/** The law holds for each plan, in whatever order its steps happen. */
export function inAnyOrder<Plan>(
  plans: fc.Arbitrary<Plan>,
  run: (scheduler: fc.Scheduler, plan: Plan) => Promise<void>,
): fc.IAsyncProperty<[fc.Scheduler, Plan]> {
  watchOnce()
  return fc.asyncProperty(anySchedule, plans, run)
}

/** What is said of a schedule in which somebody goes on for ever without taking a step. */
function watchOnce(): void {
  if (!isWatched)
    watchTurns(`no step for a minute: PROPERTY_SEED=${seedOfRuns} plays the same schedules again`)
  isWatched = true
}

function scheduleOf(seed: number): fc.Scheduler {
  const [scheduler] = fc.sample(fc.scheduler(), { seed, numRuns: 1 })
  if (scheduler === undefined) throw new Error('there is no scheduler')
  return Object.assign(scheduler, { [fc.cloneMethod]: () => scheduleOf(seed) })
}
