import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import type { EventStore } from '#ports/event-store.ts'
import { BooksRun } from '#test/support/books-run.ts'
import { anyPlan, type Plan } from '#test/support/command-generators.ts'
import { assertDeterminism, assertLaws } from '#test/support/laws.ts'
import { type Fault, MemoryEventStore } from '#test/support/memory-event-store.ts'
import { patienceMs, runs, seed, untilEnough } from '#test/support/property-runs.ts'
import { SettableClock } from '#test/support/settable-clock.ts'

type Step = { readonly name: string; readonly take: (run: BooksRun) => Promise<void> | void }

const side = fc.nat(1)
const pick = fc.nat(1000)
const plans = (maxLength: number) => fc.array(anyPlan, { minLength: 1, maxLength })

const asking = fc.tuple(anyPlan, side).map(
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
const steps = fc
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

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant({ kind: 'unavailable' } as const),
  fc.boolean().map((stored) => ({ kind: 'unknown', stored }) as const),
)

async function live(reopen: () => Promise<EventStore>, life: readonly Step[]): Promise<void> {
  await using run = await BooksRun.begin(new SettableClock(), reopen)
  for (const { take } of life) await take(run)
  await run.restart()
  const events = await run.events()
  assertLaws(events)
  assertDeterminism(events, run.asked)
}

describe(`any life of the books (seed ${seed})`, { timeout: patienceMs }, () => {
  it('goes as the naive books say, and keeps every law', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        untilEnough(async (life) => {
          const store = new MemoryEventStore()
          await live(async () => store, life)
        }),
      ),
      runs(150),
    )
  })

  it('does so while appends fail or lose their answers', async () => {
    const failing = fc.tuple(fault, asking).map(([what, { take }]) => ({ what, take }))
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(failing, { minLength: 1, maxLength: 4 }),
        untilEnough(async (life, faults) => {
          const store = new MemoryEventStore()
          const broken = faults.map(
            ({ what, take }): Step => ({
              name: what.kind,
              take: (run) => {
                store.faults.push(what)
                return take(run)
              },
            }),
          )
          const middle = Math.floor(life.length / 2)
          await live(
            async () => store,
            [...life.slice(0, middle), ...broken, ...life.slice(middle)],
          )
        }),
      ),
      runs(25),
    )
  })

  it('does so on SQLite', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        untilEnough(async (life) => {
          const folder = await mkdtemp(join(tmpdir(), 'daybook-books-'))
          const opened: EventStore[] = []
          const reopen = async () => {
            await opened.pop()?.[Symbol.asyncDispose]()
            const store = await openSqliteEventStore({ folder })
            opened.push(store)
            return store
          }
          try {
            await live(reopen, life)
          } finally {
            await opened.pop()?.[Symbol.asyncDispose]()
            await rm(folder, { recursive: true })
          }
        }),
      ),
      runs(8),
    )
  })
})
