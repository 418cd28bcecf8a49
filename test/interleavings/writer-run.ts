import type * as fc from 'fast-check'
import { expect } from 'vitest'
import { decodeEvent } from '#events/decode.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { checkHistory } from '#test/support/history-checker.ts'
import { loggedEvent } from '#test/support/history-checker-events.ts'
import { assertDeterminism, assertLaws } from '#test/support/laws.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { ScheduledWorld } from '#test/support/scheduled-world.ts'
import { WriteSide } from '#test/support/write-side.ts'
import { Correspondence } from '#test/interleavings/writer-client.ts'
import type { Order, WriterPlan } from '#test/interleavings/writer-orders.ts'
import { writePrelude } from '#test/interleavings/writer-prelude.ts'
import { type Mistake, WriterProcesses } from '#test/interleavings/writer-processes.ts'

const ledgerIds = ['acme', 'umbra'] as const
const prelude = await writePrelude()

/** Plays the plan in the order of the schedule. @throws where anybody waits for ever, or was told what is not so. */
export async function runWriters(
  scheduler: fc.Scheduler,
  plan: WriterPlan,
  mistake: Mistake = (store) => store,
): Promise<void> {
  const world = new ScheduledWorld(scheduler)
  const log = new MemoryEventStore()
  await log.append(ledgerStream('acme'), prelude.events, 'no-stream')
  world.clock.pass(60_000)
  const processes = new WriterProcesses(world, log, { ...plan, mistake })
  const all = plan.clients.flatMap(({ orders, isHasty }, client) => {
    const own = orders.map((order, index) => lettersOf(order, `client ${client} order ${index}`))
    void (isHasty ? inHaste(own, processes) : inTurn(own, processes))
    return own.flat()
  })
  // Never at rest for good: idle ledgers are looked for again and again.
  await world.run(() => all.every(({ isSettled }) => isSettled))
  expect(all.filter(({ isSettled }) => !isSettled).map(({ key }) => `${key} still waits`)).toEqual(
    [],
  )
  await closed(world, processes)
  expect(processes.contradictions).toEqual([])
  await assertBooks(log, all)
}

async function inTurn(
  letters: readonly (readonly Correspondence[])[],
  processes: WriterProcesses,
): Promise<void> {
  for (const rivals of letters) await Promise.all(rivals.map((each) => each.conduct(processes)))
}

/** The next while the one before may still be under way. */
async function inHaste(
  letters: readonly (readonly Correspondence[])[],
  processes: WriterProcesses,
): Promise<void> {
  for (const rivals of letters) {
    for (const each of rivals) void each.conduct(processes)
    await processes.world.step('a client sends the next')
  }
}

/** One, or some rivals under the same key. */
function lettersOf(order: Order, key: string): readonly Correspondence[] {
  const { rivals } = order
  return [order, ...rivals].map((each) => new Correspondence(each, key, rivals.length > 0))
}

async function closed(world: ScheduledWorld, processes: WriterProcesses): Promise<void> {
  const closing = processes.close().then(() => 'closed')
  await world.run()
  const ending = Promise.race([closing, Promise.resolve('still closing')])
  expect(await ending).toBe('closed')
}

/** Every order has one outcome, and the log says the same as everybody was told. */
async function assertBooks(
  log: MemoryEventStore,
  letters: readonly Correspondence[],
): Promise<void> {
  const never = letters.filter(({ mayBeStored }) => !mayBeStored)
  expect(never.flatMap((each) => each.storedIn(log))).toEqual([])
  const calm = new WriteSide({ store: log })
  calm.clock.pass(120_000)
  for (const each of letters) if (each.mayBeStored) await each.settleCalmly(calm)
  expect(letters.flatMap(({ violations }) => violations)).toEqual([])
  for (const ledgerId of ledgerIds) assertLedger(log, ledgerId, letters)
}

function assertLedger(
  log: MemoryEventStore,
  ledgerId: string,
  letters: readonly Correspondence[],
): void {
  const own = letters.filter(({ order, isBeaten }) => order.ledgerId === ledgerId && !isBeaten)
  const stored = log.eventsOf(ledgerStream(ledgerId)).map(({ json }) => json)
  const before = ledgerId === 'acme' ? prelude.attempts : []
  const attempts = [...before, ...own.map(({ attempt }) => attempt)]
  expect(checkHistory(stored.map(loggedEvent), attempts)).toEqual([])
  const events = stored.map(decodeEvent)
  assertLaws(events)
  assertDeterminism(events, new Map(own.flatMap(({ requests }) => requests)))
}
