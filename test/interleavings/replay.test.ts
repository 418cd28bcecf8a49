import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppendOutcomeUnknown, type EventStore, EventStoreUnavailable } from '#ports/event-store.ts'
import type { Writer } from '#test/interleavings/projector-parts.ts'
import { projectorPlans } from '#test/interleavings/projector-plans.ts'
import { runProjectors } from '#test/interleavings/projector-run.ts'
import { writerPlans } from '#test/interleavings/writer-orders.ts'
import { runWriters } from '#test/interleavings/writer-run.ts'

type Interleaving<Plan> = {
  readonly plans: fc.Arbitrary<Plan>
  readonly run: (scheduler: fc.Scheduler, plan: Plan) => Promise<void>
}

/** Which cases are tried. */
type How = Pick<fc.Parameters<unknown>, 'seed' | 'path' | 'numRuns' | 'endOnFailure'>

const broken = [
  {
    name: 'a writer that answers before its events are durable',
    check: (how: How) =>
      checked({ plans: writerPlans, run: (s, plan) => runWriters(s, plan, hasty) }, how),
  },
  {
    name: 'a writer that takes an append whose answer was lost for one that was refused',
    check: (how: How) =>
      checked(
        { plans: writerPlans, run: (s, plan) => runWriters(s, plan, sureOfItself) },
        { ...how, endOnFailure: true },
      ),
  },
  {
    name: 'a projector that moves its checkpoint before it stores its documents',
    check: (how: How) =>
      checked({ plans: projectorPlans, run: (s, plan) => runProjectors(s, plan, hastier) }, how),
  },
]

describe.each(broken)('$name', ({ check }) => {
  it('is found, and its seed and path play the same schedule again, word for word', async () => {
    const first = await check({ seed: 7, numRuns: 100 })
    expect(first.failed).toBe(true)
    const { seed, counterexamplePath: path } = first
    expect(first.report).toContain(`{ seed: ${seed}, path: "${path}", endOnFailure: true }`)
    expect(first.report).toMatch(/-> \[task\$\{1\}\] promise::.* resolved\n/)
    const again = await check({ seed, path: path ?? '', endOnFailure: true })
    expect(again.failed).toBe(true)
    expect(again.counterexample).toBe(first.counterexample)
    expect(again.complaint).toBe(first.complaint)
  })
})

describe('the same seed', () => {
  it('plays the same schedules of writers again', async () => {
    const play = () => schedulesOf({ plans: writerPlans, run: runWriters })
    expect(await play()).toEqual(await play())
  })

  it('plays the same schedules of projectors again', async () => {
    const play = () => schedulesOf({ plans: projectorPlans, run: runProjectors })
    expect(await play()).toEqual(await play())
  })
})

async function checked<Plan>(
  { plans, run }: Interleaving<Plan>,
  how: How,
): Promise<{
  readonly failed: boolean
  readonly seed: number
  readonly counterexamplePath: string | null
  readonly counterexample: string
  readonly complaint: string
  readonly report: string
}> {
  const details = await fc.check(fc.asyncProperty(fc.scheduler(), plans, run), how)
  const { failed, seed, counterexamplePath, errorInstance } = details
  return {
    failed,
    seed,
    counterexamplePath,
    counterexample: fc.stringify(details.counterexample),
    complaint: String(errorInstance),
    report: fc.defaultReportMessage(details) ?? '',
  }
}

async function schedulesOf<Plan>({ plans, run }: Interleaving<Plan>): Promise<readonly string[]> {
  const schedules: string[] = []
  const property = fc.asyncProperty(fc.scheduler(), plans, async (scheduler, plan) => {
    await run(scheduler, plan)
    schedules.push(fc.stringify(scheduler))
  })
  await fc.assert(property, { seed: 7, numRuns: 5 })
  return schedules
}

/** Says that it has stored what it is only about to store. */
function hasty(store: EventStore): EventStore {
  return through(store, async (...append) => {
    void store.append(...append).catch(() => undefined)
    return 0n
  })
}

/** Does not tell apart what was refused and what nobody knows. */
function sureOfItself(store: EventStore): EventStore {
  return through(store, (...append) =>
    store.append(...append).catch((error: unknown) => {
      throw error instanceof AppendOutcomeUnknown ? new EventStoreUnavailable('refused') : error
    }),
  )
}

function through(store: EventStore, append: EventStore['append']): EventStore {
  return {
    append,
    readStream: (...read) => store.readStream(...read),
    readAll: (...read) => store.readAll(...read),
    end: () => store.end(),
    head: (stream) => store.head(stream),
    check: () => store.check(),
    failed: store.failed,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
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
