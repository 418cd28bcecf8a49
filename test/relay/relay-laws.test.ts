import * as fc from 'fast-check'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { patienceMs, runs, seed, untilEnough } from '#test/support/property-runs.ts'
import { Crashed, type Fault, RelayWorld, type Step } from '#test/relay/relay-world.ts'
import { entriesOf, upTo } from '#test/relay/relays.ts'

const ledgers = ['ledger-acme', 'ledger-umbra', 'ledger-tyrell']
const relays = 3

const relay = fc.nat(relays - 1)
const fault = fc.constantFrom<Fault[]>('unavailable', 'stored', 'lost', 'late')

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('record'),
      ledger: fc.nat(2),
      count: fc.integer({ min: 1, max: 9 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash'), relay }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stop'), relay }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pause'),
      relay,
      ms: fc.integer({ min: 5, max: 60 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('faults'),
      relay,
      faults: fc.array(fault, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('unreadable'),
      relay,
      reads: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('stall'), ms: fc.integer({ min: 5, max: 40 }) }),
  },
)

describe(`relays that crash, pause, stop, fail and take over at random (seed ${seed})`, () => {
  it(
    'lose nothing, leave no gap, and never move the checkpoint back or ahead of the broker',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 5, maxLength: 40 }),
          untilEnough(async (steps) => {
            await using world = new RelayWorld(ledgers, relays)
            for (const each of steps) await world.play(each)
            await world.settle()
            expectOrder(world)
            expectCheckpoints(world)
            expect(world.failures.filter((error) => !(error instanceof Crashed))).toEqual([])
          }),
        ),
        runs(60),
      )
    },
    patienceMs,
  )
})

/** First occurrences without a gap, on the broker as a whole and from each relay's way in from its first one on. */
function expectOrder({ store, broker }: RelayWorld): void {
  for (const ledger of ledgers) {
    const revisions = broker.revisionsOf(ledger)
    expect([...new Set(revisions)]).toEqual(upTo(store.eventsOf(ledger).length))
    for (const [, own] of Map.groupBy(broker.records, ({ by }) => by)) {
      const sent = own.filter(({ stream }) => stream === ledger).map(({ revision }) => revision)
      for (const [index, revision] of sent.slice(1).entries())
        expect(revision).toBeLessThanOrEqual((sent[index] ?? 0n) + 1n)
    }
  }
}

function expectCheckpoints({ store, overstated }: RelayWorld): void {
  const entries = entriesOf(store)
  const positions = entries.map(({ position }) => position ?? -1n)
  expect(positions).toEqual(positions.toSorted((a, b) => Number(a - b)))
  const epochs = entries.map(({ epoch }) => epoch)
  expect(epochs).toEqual(epochs.toSorted((a, b) => Number(a - b)))
  const holders = Map.groupBy(entries, ({ epoch }) => epoch)
  for (const [, own] of holders) expect(new Set(own.map(({ holder }) => holder)).size).toBe(1)
  expect(overstated).toEqual([])
  const positionsOfEvents = ledgers.map((each) => store.eventsOf(each).at(-1)?.position ?? -1n)
  const end = positionsOfEvents.toSorted((a, b) => Number(a - b)).at(-1)
  expect(positions.at(-1)).toBe(end)
}

describe('an idle log', () => {
  it('grows by no entry, however many relays stand by', async () => {
    await using world = new RelayWorld(ledgers, relays)
    await world.play({ kind: 'record', ledger: 0, count: 5 })
    await world.caughtUp()
    const { length } = entriesOf(world.store)
    await sleep(300)
    expect(entriesOf(world.store)).toHaveLength(length)
  })
})
