import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { runBuilders } from '#test/interleavings/builder-run.ts'
import { builderPlans } from '#test/interleavings/projector-plans.ts'
import { inAnyOrder } from '#test/support/any-schedule.ts'
import { usually } from '#test/support/long-runs.ts'
import { patienceMs, runs, seed } from '#test/support/property-runs.ts'

describe(`processes that have a new version of what serves, killed and cut off at any await (seed ${seed})`, () => {
  it(
    'fill its builds while the log grows, and let them serve as the fold of the log',
    () =>
      fc.assert(
        inAnyOrder(builderPlans, (scheduler, plan) => runBuilders(scheduler, plan)),
        runs(usually(120, { long: 3_000 })),
      ),
    patienceMs,
  )
})
