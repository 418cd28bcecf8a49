import * as fc from 'fast-check'
import type { BooksRun } from '#test/support/books-run.ts'
import { anyPlan, type Plan } from '#test/support/command-generators.ts'

/** One thing that happens in the life of the books. */
export type Step = { readonly name: string; readonly take: (run: BooksRun) => Promise<void> | void }

const side = fc.nat(1)
const pick = fc.nat(1000)
const plans = (maxLength: number) => fc.array(anyPlan, { minLength: 1, maxLength })

/** One command, through one of the sides. */
export const asking = fc.tuple(anyPlan, side).map(
  ([plan, at]): Step => ({
    name: 'ask',
    take: (run) => run.ask(plan, at),
  }),
)
const together = fc.tuple(plans(8), side).map(
  ([list, at]): Step => ({
    name: 'ask together',
    take: (run) => run.together(list, [at]),
  }),
)
const racing = fc.tuple(plans(6), fc.array(side, { minLength: 2, maxLength: 6 })).map(
  ([list, at]): Step => ({
    name: 'race',
    take: (run) => run.together(list, at),
  }),
)
const batching = fc
  .tuple(fc.constantFrom('atomic' as const, 'independent' as const), plans(5), pick, side)
  .map(
    ([mode, list, nonsenseAt, at]): Step => ({
      name: `${mode} batch`,
      take: (run) =>
        run.batch({ mode, commands: items(run, list, mode === 'atomic' ? -1 : nonsenseAt) }, at),
    }),
  )
const retrying = fc.tuple(pick, side).map(
  ([which, at]): Step => ({
    name: 'retry',
    take: (run) => run.retry(which, at),
  }),
)
const rehearsing = fc.tuple(anyPlan, side).map(
  ([plan, at]): Step => ({
    name: 'dry run',
    take: (run) => run.rehearse(plan, at),
  }),
)
const passing = fc.integer({ min: 1, max: 2000 }).map(
  (ms): Step => ({
    name: `${ms} ms pass`,
    take: (run) => run.pass(ms),
  }),
)
const expiring = fc.tuple(pick, side).map(
  ([which, at]): Step => ({
    name: 'expire',
    take: (run) => run.expire(which, at),
  }),
)
const restarting = fc.integer({ min: 1, max: 2 }).map(
  (sides): Step => ({
    name: `restart with ${sides}`,
    take: (run) => run.restart(sides),
  }),
)

/** The commands of a batch, with nonsense in one place or in none. */
function items(run: BooksRun, list: readonly Plan[], nonsenseAt: number) {
  return list.map((plan, index) => (index === nonsenseAt ? 'nonsense' : run.command(plan)))
}

/** A life begins with one write side or with two, and goes on in steps. */
export const steps = fc
  .tuple(
    restarting,
    fc.array(
      fc.oneof(
        { weight: 8, arbitrary: asking },
        { weight: 4, arbitrary: together },
        { weight: 2, arbitrary: racing },
        { weight: 4, arbitrary: batching },
        { weight: 3, arbitrary: retrying },
        { weight: 3, arbitrary: rehearsing },
        { weight: 3, arbitrary: passing },
        { weight: 2, arbitrary: expiring },
        { weight: 1, arbitrary: restarting },
      ),
      { minLength: 5, maxLength: 30, size: 'max' },
    ),
  )
  .map(([start, rest]) => [start, ...rest])
