import * as fc from 'fast-check'

/**
 * Any order in which what is scheduled may happen. Each draws its steps from a number of its own: a clone of fast-check's
 * own scheduler goes on where the last one ended, so that a case which was shrunk is not what its path leads to.
 */
export const anySchedule: fc.Arbitrary<fc.Scheduler> = fc
  .noBias(fc.noShrink(fc.integer()))
  .map((number) => scheduleOf(number))

/** The law holds for each plan, in whatever order its steps happen. */
export function inAnyOrder<Plan>(
  plans: fc.Arbitrary<Plan>,
  run: (scheduler: fc.Scheduler, plan: Plan) => Promise<void>,
): fc.IAsyncProperty<[fc.Scheduler, Plan]> {
  return fc.asyncProperty(anySchedule, plans, run)
}

function scheduleOf(seed: number): fc.Scheduler {
  const [scheduler] = fc.sample(fc.scheduler(), { seed, numRuns: 1 })
  if (scheduler === undefined) throw new Error('there is no scheduler')
  return Object.assign(scheduler, { [fc.cloneMethod]: () => scheduleOf(seed) })
}
