import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { RecordingBroker } from '#test/support/recording-broker.ts'
import { SettableClock } from '#test/support/settable-clock.ts'
import {
  aPausableStore,
  entriesOf,
  quick,
  reached,
  record,
  startRelay,
  until,
  upTo,
} from '#test/relay/relays.ts'

const acme = 'ledger-acme'
const hourMs = 3_600_000

function aLogAndABroker() {
  const store = new MemoryEventStore()
  const broker = new RecordingBroker()
  const parts = (name: string) => ({ store, publisher: broker.publisher(name), holder: name })
  const holders = () => entriesOf(store).map(({ holder, type }) => `${holder} ${type}`)
  return { store, broker, parts, holders }
}

describe('a relay that is told to stop', () => {
  it('is replaced at once', async () => {
    const { store, broker, parts, holders } = aLogAndABroker()
    await using one = startRelay({ ...parts('one'), limits: { leaseMs: hourMs } })
    await until(() => one.relay.state.state === 'active')
    await using two = startRelay({ ...parts('two'), limits: { leaseMs: hourMs } })
    await record(store, acme, 3)
    await until(() => broker.records.length === 3)
    await one.stop()
    const stoppedMs = performance.now()
    await until(() => two.relay.state.state === 'active')
    expect(performance.now() - stoppedMs).toBeLessThan(quick.standbyPollMs + 200)
    await record(store, acme, 3)
    await until(() => broker.records.length === 6)
    expect(broker.revisionsOf(acme)).toEqual(upTo(6))
    expect(holders()).toContain('one RelayStopped')
  })

  it('waits for what is being sent, so that nobody sends it again', async () => {
    const { store, broker, parts } = aLogAndABroker()
    await using one = startRelay(parts('one'))
    await until(() => one.relay.state.state === 'active')
    broker.stall(3)
    await record(store, acme, 20)
    await until(() => broker.records.length === 3)
    const stopping = one.stop()
    await sleep(50)
    broker.goOn()
    await stopping
    await using two = startRelay(parts('two'))
    await until(() => broker.acknowledged.size === 20)
    await two.stop()
    expect(broker.revisionsOf(acme)).toEqual(upTo(20))
  })

  it('does not wait for ever', async () => {
    const { store, broker, parts, holders } = aLogAndABroker()
    await record(store, acme, 20)
    broker.stall()
    await using one = startRelay(parts('one'))
    await until(() => one.relay.state.state === 'active')
    const begunMs = performance.now()
    await one.stop()
    expect(performance.now() - begunMs).toBeLessThan(2 * quick.handOverMs)
    expect(holders().at(-1)).toBe('one RelayStopped')
    expect(entriesOf(store).at(-1)?.position).toBeUndefined()
  })

  it('ends also where the store cannot serve', async () => {
    const { store, broker, parts } = aLogAndABroker()
    await record(store, acme, 3)
    await using one = startRelay(parts('one'))
    await until(() => broker.records.length === 3)
    store.unreadable = true
    store.faults.push(...Array.from({ length: 1_000 }, () => ({ kind: 'unavailable' as const })))
    const begunMs = performance.now()
    await one.stop()
    expect(performance.now() - begunMs).toBeLessThan(3 * quick.handOverMs)
    await using standby = startRelay(parts('two'))
    await until(() => standby.lines.length > 0)
    await standby.stop()
  })
})

describe('a relay whose store says nothing any more', () => {
  it.each([true, false])('ends when it is told to, active: %s', async (active) => {
    const { store, parts } = aLogAndABroker()
    const silence = new Promise<never>(() => {})
    let silent = false
    const orSilent = <Result>(work: () => Promise<Result>) => (silent ? silence : work())
    const quiet = reached(store, {
      append: (...given) => orSilent(() => store.append(...given)),
      readAll: (after, limit) => orSilent(() => store.readAll(after, limit)),
      head: (...given) => orSilent(() => store.head(...given)),
    })
    await using other = startRelay({ ...parts('other'), limits: { leaseMs: hourMs } })
    await until(() => other.relay.state.state === 'active')
    if (active) await other.stop()
    await using one = startRelay({ ...parts('one'), store: quiet, limits: { leaseMs: hourMs } })
    if (active) await until(() => one.relay.state.state === 'active')
    silent = true
    await record(store, acme, 3)
    await sleep(quick.handOverMs / 3)
    const begunMs = performance.now()
    await one.stop()
    expect(performance.now() - begunMs).toBeLessThan(10 * quick.handOverMs)
  })
})

describe('a relay that dies', () => {
  it('is replaced when it has given no sign of life for a lease, and nothing is left out', async () => {
    const { store, broker, parts } = aLogAndABroker()
    const dying = aPausableStore(store)
    await using one = startRelay({ ...parts('one'), store: dying.store })
    await until(() => one.relay.state.state === 'active')
    await using two = startRelay(parts('two'))
    await record(store, acme, 7)
    await until(() => broker.records.length > 2)
    dying.pause()
    await record(store, acme, 7)
    const deadMs = performance.now()
    await until(() => two.relay.state.state === 'active')
    const tookMs = performance.now() - deadMs
    expect(tookMs).toBeGreaterThan(quick.leaseMs / 2)
    expect(tookMs).toBeLessThan(quick.leaseMs + quick.standbyPollMs + 300)
    await until(() => broker.acknowledged.size === 14)
    expect(new Set(broker.revisionsOf(acme))).toEqual(new Set(upTo(14)))
    dying.goOn()
  })

  it('is missed only when something has to be sent', async () => {
    const { store, broker, parts } = aLogAndABroker()
    const dying = aPausableStore(store)
    await using one = startRelay({ ...parts('one'), store: dying.store })
    await until(() => one.relay.state.state === 'active')
    dying.pause()
    await using two = startRelay(parts('two'))
    await sleep(2 * quick.leaseMs)
    expect(two.relay.state.state).toBe('standby')
    await record(store, acme)
    await until(() => broker.revisionsOf(acme).length === 1)
    expect(two.relay.state.state).toBe('active')
    dying.goOn()
  })

  it('is replaced though the relays before it left more entries than a standby reads at once', async () => {
    const { store, broker, parts } = aLogAndABroker()
    for (let turn = 0; turn < 30; turn += 1) {
      await using relay = startRelay(parts(`turn ${turn}`))
      await until(() => relay.relay.state.state === 'active')
    }
    const dying = aPausableStore(store)
    await using one = startRelay({ ...parts('one'), store: dying.store })
    await until(() => one.relay.state.state === 'active')
    dying.pause()
    await using two = startRelay(parts('two'))
    await record(store, acme)
    await until(() => broker.revisionsOf(acme).length === 1)
    expect(two.relay.state.state).toBe('active')
    dying.goOn()
  })

  it('is replaced though the store fails the standby now and then', async () => {
    const { store, broker, parts } = aLogAndABroker()
    const dying = aPausableStore(store)
    await using one = startRelay({ ...parts('one'), store: dying.store })
    await until(() => one.relay.state.state === 'active')
    dying.pause()
    await record(store, acme)
    let asked = 0
    store.beforeRead = async () => {
      asked += 1
      store.unreadable = asked % 5 === 0
    }
    await using two = startRelay(parts('two'))
    await until(() => broker.revisionsOf(acme).length === 1)
    expect(two.relay.state.state).toBe('active')
    store.beforeRead = undefined
    store.unreadable = false
    dying.goOn()
  })
})

describe('a relay that is well', () => {
  it('keeps its turn after an idle hour', async () => {
    const { store, broker, parts } = aLogAndABroker()
    const clock = new SettableClock()
    const limits = { leaseMs: 5_000 }
    await using one = startRelay({ ...parts('one'), clock, limits })
    await until(() => one.relay.state.state === 'active')
    await using two = startRelay({ ...parts('two'), clock, limits })
    for (let hour = 1; hour <= 5; hour += 1) {
      clock.pass(hourMs)
      await record(store, acme, 2)
      const last = store.eventsOf(acme).at(-1)?.position
      await until(() => entriesOf(store).at(-1)?.position === last)
      await sleep(30)
    }
    expect(broker.revisionsOf(acme)).toEqual(upTo(10))
    await sleep(50)
    expect([one.relay.state.state, two.relay.state.state]).toEqual(['active', 'standby'])
    expect(entriesOf(store).at(-1)?.epoch).toBe(1n)
  })

  it('keeps its turn under load', async () => {
    const { store, broker, parts } = aLogAndABroker()
    const limits = { leaseMs: 1_000 }
    await using one = startRelay({ ...parts('one'), limits })
    await until(() => one.relay.state.state === 'active')
    await using two = startRelay({ ...parts('two'), limits })
    const endMs = performance.now() + 2 * limits.leaseMs
    while (performance.now() < endMs) {
      await record(store, acme, 10)
      await sleep(1)
    }
    await until(() => broker.acknowledged.size === store.eventsOf(acme).length)
    expect([one.relay.state.state, two.relay.state.state]).toEqual(['active', 'standby'])
    expect(broker.revisionsOf(acme)).toEqual(upTo(store.eventsOf(acme).length))
  })
})

describe('a relay that was paused for longer than its lease', () => {
  it('sends nothing that its successor does not send, and leaves the checkpoint alone', async () => {
    const { store, broker, parts, holders } = aLogAndABroker()
    const paused = aPausableStore(store)
    await using one = startRelay({ ...parts('one'), store: paused.store })
    await until(() => one.relay.state.state === 'active')
    await using two = startRelay(parts('two'))
    await record(store, acme, 12)
    await until(() => broker.records.length > 2)
    paused.pause()
    await record(store, acme, 12)
    await until(() => two.relay.state.state === 'active')
    await until(() => broker.acknowledged.size === 24)
    await until(() => entriesOf(store).at(-1)?.position === store.eventsOf(acme).at(-1)?.position)
    const before = holders()
    paused.goOn()
    await until(() => one.relay.state.state === 'standby')
    await sleep(50)
    expect(holders()).toEqual(before)
    expect(two.relay.state.state).toBe('active')
  })

  it('sends nothing before it has asked whose turn it is', async () => {
    const { store, broker, parts } = aLogAndABroker()
    const paused = aPausableStore(store)
    await using one = startRelay({ ...parts('one'), store: paused.store })
    await until(() => one.relay.state.state === 'active')
    await using two = startRelay(parts('two'))
    paused.pause()
    await record(store, acme, 2)
    await until(() => broker.acknowledged.size === 2)
    paused.goOn()
    await until(() => one.relay.state.state === 'standby')
    expect(two.relay.state.state).toBe('active')
    expect(broker.records.map(({ by }) => by)).toEqual(['two', 'two'])
  })
})
