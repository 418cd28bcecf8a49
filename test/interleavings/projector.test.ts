import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { projectorPlans } from '#test/interleavings/projector-plans.ts'
import { runPatrols } from '#test/interleavings/patrol-run.ts'
import { runProjectors } from '#test/interleavings/projector-run.ts'
import { inAnyOrder } from '#test/support/any-schedule.ts'
import { usually } from '#test/support/long-runs.ts'
import { patienceMs, runs, seed } from '#test/support/property-runs.ts'

describe(`projectors on the same read models, killed and cut off at any await (seed ${seed})`, () => {
  it(
    'make every model the fold of the log, never show half a batch, and park where the poison is',
    () =>
      fc.assert(
        inAnyOrder(projectorPlans, (scheduler, plan) => runProjectors(scheduler, plan)),
        runs(usually(80, { long: 5_000 })),
      ),
    patienceMs,
  )
})

describe(`processes whose feeds lose what they like, one of them on patrol (seed ${seed})`, () => {
  it(
    'bring every model up to the log, and end when they are told to',
    () =>
      fc.assert(
        inAnyOrder(projectorPlans, (scheduler, plan) => runPatrols(scheduler, plan)),
        runs(usually(40, { long: 2_000 })),
      ),
    patienceMs,
  )
})
