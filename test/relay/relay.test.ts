import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { RecordingBroker } from '#test/support/recording-broker.ts'
import { entriesOf, quick, reached, record, startRelay, until, upTo } from '#test/relay/relays.ts'

const acme = 'ledger-acme'
const umbra = 'ledger-umbra'

function aLogAndABroker() {
  const store = new MemoryEventStore()
  const broker = new RecordingBroker()
  return { store, broker, parts: { store, publisher: broker.publisher('one') } }
}

describe('a relay that is alone', () => {
  it('sends what is there and what comes, each ledger in order, once', async () => {
    const { store, broker, parts } = aLogAndABroker()
    await record(store, acme, 12)
    await record(store, umbra, 3)
    await using relay = startRelay(parts)
    await until(() => broker.records.length === 15)
    await record(store, acme, 8)
    await until(() => broker.records.length === 23)
    await relay.stop()
    expect(broker.revisionsOf(acme)).toEqual(upTo(20))
    expect(broker.revisionsOf(umbra)).toEqual(upTo(3))
    expect(relay.relay.state).toEqual({ state: 'standby', published: 23 })
  })

  it('leaves out the streams that hold no ledger', async () => {
    const { store, broker, parts } = aLogAndABroker()
    await record(store, 'daybook-notary', 7)
    await record(store, acme)
    await using relay = startRelay(parts)
    await until(() => broker.records.length === 1)
    await relay.stop()
    expect(broker.records.map(({ stream }) => stream)).toEqual([acme])
  })

  it('goes on after a restart where it was, and sends nothing again', async () => {
    const { store, broker, parts } = aLogAndABroker()
    for (let turn = 1; turn <= 3; turn += 1) {
      await record(store, acme, 7)
      await using relay = startRelay(parts)
      await until(() => broker.records.length === 7 * turn)
      expect(relay.relay.state.epoch).toBe(BigInt(turn))
    }
    expect(broker.revisionsOf(acme)).toEqual(upTo(21))
  })

  it('stores how far the broker has acknowledged, and no further', async () => {
    const { store, broker, parts } = aLogAndABroker()
    await record(store, acme, 5)
    await using relay = startRelay(parts)
    await until(() => entriesOf(store).at(-1)?.position === 4n)
    broker.stall()
    await record(store, acme, 20)
    await sleep(20 * quick.checkpointIntervalMs)
    expect(relay.relay.state.acknowledged).toBe(4n)
    expect(entriesOf(store).map(({ position }) => position)).toEqual([undefined, 4n])
    broker.goOn()
    const last = () => store.eventsOf(acme).at(-1)?.position
    await until(() => entriesOf(store).at(-1)?.position === last())
    expect(broker.revisionsOf(acme)).toEqual(upTo(25))
  })

  it('waits for a store that cannot be read', async () => {
    const { store, broker, parts } = aLogAndABroker()
    store.unreadable = true
    await record(store, acme, 3)
    await using relay = startRelay(parts)
    await until(() => relay.lines.length > 2)
    store.unreadable = false
    await until(() => broker.records.length === 3)
    store.unreadable = true
    await record(store, acme, 3)
    await sleep(20)
    store.unreadable = false
    await until(() => broker.records.length === 6)
    expect(broker.revisionsOf(acme)).toEqual(upTo(6))
  })

  it('fails with a bug rather than to wait for it to pass', async () => {
    const { store } = aLogAndABroker()
    await record(store, acme)
    const publish = async () => {
      throw new TypeError('a bug')
    }
    await using relay = startRelay({ store, publisher: { publish } })
    await expect(relay.ended).rejects.toThrow('a bug')
  })

  it('fails where its own stream holds something else', async () => {
    const { store, parts } = aLogAndABroker()
    const event = { id: 'x', type: 'Other', json: '{"type":"Other"}' }
    await store.append('daybook-relay', [event], 'no-stream')
    await using relay = startRelay(parts)
    await expect(relay.ended).rejects.toThrow('holds something else')
  })
})

describe('a relay that has nothing to send', () => {
  it('notes nothing down', async () => {
    const { store, broker, parts } = aLogAndABroker()
    await record(store, acme, 3)
    await using relay = startRelay(parts)
    await using standby = startRelay(parts)
    await until(() => entriesOf(store).at(-1)?.position === 2n)
    await sleep(2 * quick.leaseMs)
    expect(entriesOf(store).map(({ type }) => type)).toEqual(['RelayTookOver', 'RelayAdvanced'])
    expect([relay.relay.state.state, standby.relay.state.state]).toEqual(['active', 'standby'])
    expect(broker.records).toHaveLength(3)
  })

  it('reads the log at its own pace', async () => {
    const { store, parts } = aLogAndABroker()
    await using relay = startRelay({ ...parts, limits: { waitMaxMs: 50 } })
    await until(() => relay.relay.state.state === 'active')
    await sleep(100)
    let reads = 0
    store.beforeRead = async () => void (reads += 1)
    await sleep(500)
    expect(reads).toBeLessThanOrEqual(11)
  })
})

describe('a relay whose broker is away', () => {
  it('says that it lives, twice in the length of a lease, and holds two pages at most', async () => {
    const { store, broker, parts } = aLogAndABroker()
    broker.stall()
    await record(store, acme, 100)
    let pages = 0
    const readAll = (after: bigint | undefined, limit: number) => {
      pages += 1
      return store.readAll(after, limit)
    }
    const limits = { leaseMs: 200 }
    await using relay = startRelay({ ...parts, store: reached(store, { readAll }), limits })
    await until(() => relay.relay.state.state === 'active')
    await using standby = startRelay({ ...parts, limits })
    await sleep(1_000)
    expect(pages).toBe(2)
    expect(entriesOf(store).length).toBeGreaterThanOrEqual(5)
    expect(entriesOf(store).length).toBeLessThanOrEqual(11)
    expect(entriesOf(store).map(({ epoch }) => epoch)).toEqual(entriesOf(store).map(() => 1n))
    expect([relay.relay.state.state, standby.relay.state.state]).toEqual(['active', 'standby'])
    broker.goOn()
    await until(() => broker.acknowledged.size === 100)
    expect(broker.revisionsOf(acme)).toEqual(upTo(100))
  })
})

describe('a relay whose store has become silent', () => {
  const silence = () => new Promise<never>(() => {})

  it.each([
    ['while it waits for events', { readAll: silence, append: silence }],
    ['while it notes down its progress', { append: silence }],
    ['while it takes its turn', { head: silence }],
  ])('stops all the same %s', async (_, silent) => {
    const { store, broker, parts } = aLogAndABroker()
    const isSilent = { now: false }
    const speaks = reached(store, {
      head: (stream) => ('head' in silent ? silence() : store.head(stream)),
      readAll: (after, limit) =>
        isSilent.now && 'readAll' in silent ? silence() : store.readAll(after, limit),
      append: (...given) =>
        isSilent.now && 'append' in silent ? silence() : store.append(...given),
    })
    await using relay = startRelay({ ...parts, store: speaks })
    if (!('head' in silent)) await until(() => relay.relay.state.state === 'active')
    isSilent.now = true
    await record(store, acme, 3)
    if (!('readAll' in silent || 'head' in silent)) await until(() => broker.records.length === 3)
    await sleep(3 * quick.checkpointIntervalMs)
    await relay.stop()
  })
})
