import { describe, expect, it } from 'vitest'
import { systemClock } from '#adapters/system/clock.ts'
import { relayStream } from '#events/stream-names.ts'
import { type EventStore, EventStoreUnavailable } from '#ports/event-store.ts'
import { type RelayLease, RelayLost, takeOver } from '#relay/relay-lease.ts'
import { lastRelayEntry } from '#relay/relay-stream.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { SettableClock } from '#test/support/settable-clock.ts'
import { entriesOf, reached } from '#test/relay/relays.ts'

const partsOf = (store: EventStore, holder: string) => ({
  store,
  holder,
  stream: relayStream,
  clock: systemClock,
})

async function taken(store: EventStore, holder: string): Promise<RelayLease> {
  const parts = partsOf(store, holder)
  const lease = await takeOver(parts, await lastRelayEntry(parts))
  if (lease === undefined) throw new Error('somebody else was first')
  return lease
}

describe('taking the turn', () => {
  it('succeeds for one of two who saw the same entry', async () => {
    const store = new MemoryEventStore()
    const both = await Promise.all(
      ['one', 'two'].map((holder) => takeOver(partsOf(store, holder), undefined)),
    )
    expect(both.filter((lease) => lease !== undefined)).toHaveLength(1)
    expect(entriesOf(store)).toHaveLength(1)
  })

  it('goes on from the checkpoint of the one before', async () => {
    const store = new MemoryEventStore()
    const one = await taken(store, 'one')
    await one.advance(41n)
    const two = await taken(store, 'two')
    expect([two.epoch, two.position]).toEqual([2n, 41n])
  })
})

describe('entries of one relay', () => {
  it('are stored one after the other, however many are asked for at once', async () => {
    const store = new MemoryEventStore()
    const lease = await taken(store, 'one')
    await Promise.all([lease.advance(3n), lease.advance(5n), lease.release(7n)])
    expect(entriesOf(store).map(({ position }) => position)).toEqual([undefined, 3n, 5n, 7n])
  })

  it('prove its turn as of when they were asked for, not as of when they were answered', async () => {
    const store = new MemoryEventStore()
    const clock = new SettableClock()
    const lease = await takeOver({ ...partsOf(store, 'one'), clock }, undefined)
    const release = store.hold()
    const advanced = lease?.advance(3n)
    await Promise.resolve()
    clock.pass(700)
    release()
    await advanced
    expect(lease?.unconfirmedMs).toBe(700)
  })
})

describe('an entry whose answer is lost', () => {
  it('counts where it is stored', async () => {
    const store = new MemoryEventStore()
    const lease = await taken(store, 'one')
    store.faults.push({ kind: 'unknown', stored: true })
    await lease.advance(7n)
    expect(lease.position).toBe(7n)
    expect(entriesOf(store)).toHaveLength(2)
  })

  it('fails where it is not, and can be written again', async () => {
    const store = new MemoryEventStore()
    const lease = await taken(store, 'one')
    store.faults.push({ kind: 'unknown', stored: false })
    await expect(lease.advance(7n)).rejects.toThrow('timed out')
    await lease.advance(8n)
    expect(entriesOf(store).map(({ position }) => position)).toEqual([undefined, 8n])
  })

  it('may land late, where the next one finds it and goes on after it', async () => {
    const memory = new MemoryEventStore()
    const late: (() => Promise<bigint>)[] = []
    let losing = false
    const append: EventStore['append'] = async (...given) => {
      if (!losing) return memory.append(...given)
      late.push(() => memory.append(...given))
      throw new EventStoreUnavailable('no answer')
    }
    const lease = await taken(reached(memory, { append }), 'one')
    losing = true
    await expect(lease.advance(7n)).rejects.toThrow('no answer')
    losing = false
    await late[0]?.()
    await expect(lease.advance(9n)).rejects.toThrow('is not at revision')
    expect(lease.position).toBe(7n)
    await lease.advance(9n)
    expect(entriesOf(memory).map(({ position }) => position)).toEqual([undefined, 7n, 9n])
  })

  it('never lands after the next one', async () => {
    const memory = new MemoryEventStore()
    const late: (() => Promise<bigint>)[] = []
    const append: EventStore['append'] = async (...given) => {
      if (late.length > 0) return memory.append(...given)
      late.push(() => memory.append(...given))
      throw new EventStoreUnavailable('no answer')
    }
    await taken(memory, 'one')
    const two = await taken(memory, 'two')
    const slow = await takeOver(partsOf(reached(memory, { append }), 'three'), undefined).catch(
      () => 'unknown',
    )
    expect(slow).toBe('unknown')
    await two.advance(5n)
    await expect(late[0]?.()).rejects.toThrow('is not at revision')
    expect(entriesOf(memory).at(-1)).toMatchObject({ holder: 'two', position: 5n })
  })
})

describe('a relay that was overtaken', () => {
  it('can store nothing and is told so', async () => {
    const store = new MemoryEventStore()
    const one = await taken(store, 'one')
    await one.advance(3n)
    const two = await taken(store, 'two')
    await expect(one.advance(9n)).rejects.toThrow(RelayLost)
    await expect(one.release(9n)).rejects.toThrow(RelayLost)
    expect(two.position).toBe(3n)
    expect(entriesOf(store)).toHaveLength(3)
  })

  it('can store nothing in its old turn either once it has another', async () => {
    const store = new MemoryEventStore()
    const before = await taken(store, 'one')
    await taken(store, 'two')
    await taken(store, 'one')
    await expect(before.advance(9n)).rejects.toThrow(RelayLost)
    expect(entriesOf(store)).toHaveLength(3)
  })
})
