import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppendOutcomeUnknown, type EventStore, EventStoreUnavailable } from '#ports/event-store.ts'
import type { Writer } from '#test/interleavings/projector-parts.ts'
import { projectorPlans } from '#test/interleavings/projector-plans.ts'
import { runProjectors } from '#test/interleavings/projector-run.ts'
import { writerPlans } from '#test/interleavings/writer-orders.ts'
import { runWriters } from '#test/interleavings/writer-run.ts'
import { inAnyOrder } from '#test/support/any-schedule.ts'
import { runsAsked } from '#test/support/property-runs.ts'
import { storeThrough } from '#test/support/store-through.ts'

/** A law of interleavings that does not hold. Each try is a property of its own, as each process has. */
type Broken = { readonly name: string; readonly law: () => fc.IAsyncProperty<unknown> }

const broken: readonly Broken[] = [
  {
    name: 'a writer that answers before its events are durable',
    law: () => inAnyOrder(writerPlans, (s, plan) => runWriters(s, plan, hasty)),
  },
  {
    name: 'a writer that takes an append whose answer was lost for one that was refused',
    law: () => inAnyOrder(writerPlans, (s, plan) => runWriters(s, plan, sureOfItself)),
  },
  {
    name: 'a projector that moves its checkpoint before it stores its documents',
    law: () => inAnyOrder(projectorPlans, (s, plan) => runProjectors(s, plan, hastier)),
  },
]

const seeds = [7, 11, 13, 22]
const cases = broken.flatMap((each) => seeds.map((seed) => ({ ...each, seed })))

describe.each(cases)('$name, from seed $seed on', ({ law, seed }) => {
  it('is found, and what is printed plays the same schedule again, word for word', async () => {
    const first = await tried(law(), { PROPERTY_SEED: `${seed}` })
    const [printed, path = ''] =
      /\{ seed: \d+, path: "([\d:]+)", endOnFailure: true \}/.exec(first) ?? []
    expect(printed).toBe(`{ seed: ${seed}, path: "${path}", endOnFailure: true }`)
    expect(first).toMatch(/-> \[task\$\{1\}\] promise::.* resolved\n/)
    const again = await tried(law(), { PROPERTY_SEED: `${seed}`, PROPERTY_PATH: path })
    expect(caseIn(again)).toBe(caseIn(first))
  })
})

describe('the same seed', () => {
  it('plays the same schedules of writers again', async () => {
    const play = () => schedulesOf(writerPlans, runWriters)
    expect(await play()).toEqual(await play())
  })

  it('plays the same schedules of projectors again', async () => {
    const play = () => schedulesOf(projectorPlans, runProjectors)
    expect(await play()).toEqual(await play())
  })
})

/** What is printed of a law under the suites' settings and this environment. */
async function tried(
  law: fc.IAsyncProperty<unknown>,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const failure: unknown = await Promise.resolve(
    fc.assert(law, runsAsked(environment).runs(100)),
  ).catch((error: unknown) => error)
  return failure instanceof Error ? `${failure.message}\n${String(failure.cause)}` : 'it holds'
}

/** The plan, the schedule and what was wrong; not how often it was shrunk. */
function caseIn(printed: string): string {
  return printed.slice(printed.indexOf('Counterexample: ')).replace(/^Shrunk .*$/m, '')
}

async function schedulesOf<Plan>(
  plans: fc.Arbitrary<Plan>,
  run: (scheduler: fc.Scheduler, plan: Plan) => Promise<void>,
): Promise<readonly string[]> {
  const schedules: string[] = []
  const law = inAnyOrder(plans, async (scheduler, plan) => {
    await run(scheduler, plan)
    schedules.push(fc.stringify(scheduler))
  })
  await fc.assert(law, { seed: 7, numRuns: 5 })
  return schedules
}

/** Says that it has stored what it is only about to store. */
function hasty(store: EventStore): EventStore {
  return storeThrough(store, async (...append) => {
    void store.append(...append).catch(() => undefined)
    return 0n
  })
}

/** Does not tell apart what was refused and what nobody knows. */
function sureOfItself(store: EventStore): EventStore {
  return storeThrough(store, (...append) =>
    store.append(...append).catch((error: unknown) => {
      throw error instanceof AppendOutcomeUnknown ? new EventStoreUnavailable('refused') : error
    }),
  )
}

/** Two commits where one has to do. */
function hastier(writer: Writer): Writer {
  return {
    ...writer,
    async commit(changes) {
      const isFirst = await writer.commit(changes.map((each) => ({ ...each, documents: [] })))
      const rest = changes.map((each) => ({ ...each, expected: each.checkpoint.revision }))
      return isFirst && writer.commit(rest)
    },
  }
}
