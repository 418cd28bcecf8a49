import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { relayStream } from '#events/stream-names.ts'
import { relayLag } from '#relay/relay-lag.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { RecordingBroker } from '#test/support/recording-broker.ts'
import { entriesOf, record, startRelay, until } from '#test/relay/relays.ts'

const acme = 'ledger-acme'
const nowMs = Date.parse('2026-03-01T12:00:30.000Z')
const lagOf = (store: MemoryEventStore) => relayLag({ store, stream: relayStream }, nowMs)

async function recordAt(store: MemoryEventStore, recordedAt: string): Promise<void> {
  const id = randomUUID()
  const length = BigInt(store.eventsOf(acme).length)
  const event = { id, type: 'Counted', json: JSON.stringify({ recordedAt }) }
  await store.append(acme, [event], length === 0n ? 'no-stream' : length - 1n)
}

describe('the lag of the relay', () => {
  it('is none where the log is empty', async () => {
    const none = { epoch: null, position: null, lagEvents: 0, lagSeconds: 0 }
    expect(await lagOf(new MemoryEventStore())).toEqual(none)
  })

  it('counts the events that wait, and the seconds since the oldest of them', async () => {
    const store = new MemoryEventStore()
    await recordAt(store, '2026-03-01T12:00:00.000Z')
    await recordAt(store, '2026-03-01T12:00:20.000Z')
    expect(await lagOf(store)).toMatchObject({ lagEvents: 2, lagSeconds: 30 })
  })

  it('is none once all is acknowledged, though the relay noted that down in the same log', async () => {
    const store = new MemoryEventStore()
    await record(store, acme, 3)
    await using relay = startRelay({ store, publisher: new RecordingBroker().publisher('one') })
    await until(() => entriesOf(store).at(-1)?.position === 2n)
    expect(await lagOf(store)).toEqual({ epoch: '1', position: '2', lagEvents: 0, lagSeconds: 0 })
    await relay.stop()
  })

  it('is not counted further than anyone wants to know', async () => {
    const store = new MemoryEventStore()
    const events = Array.from({ length: 500 }, () => ({ id: randomUUID(), type: 'x', json: '{}' }))
    for (let page = 0; page < 24; page += 1)
      await store.append(
        acme,
        events.map((each) => ({ ...each, id: randomUUID() })),
        page === 0 ? 'no-stream' : BigInt(500 * page) - 1n,
      )
    expect((await lagOf(store)).lagEvents).toBe(10_000)
  })
})
