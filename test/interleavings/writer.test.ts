import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { inAnyOrder } from '#test/support/any-schedule.ts'
import { usually } from '#test/support/long-runs.ts'
import { patienceMs, runs, seed } from '#test/support/property-runs.ts'
import { writerPlans } from '#test/interleavings/writer-orders.ts'
import { runWriters } from '#test/interleavings/writer-run.ts'

describe(`three processes that write one log, killed and cut off at any await (seed ${seed})`, () => {
  it(
    'tell nobody what the log does not hold, and leave nobody waiting',
    () =>
      fc.assert(
        inAnyOrder(writerPlans, (scheduler, plan) => runWriters(scheduler, plan)),
        runs(usually(200, { long: 5_000 })),
      ),
    patienceMs,
  )
})
