import { describe, expect, it } from 'vitest'
import type { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { counting, KeptModels } from '#test/support/kept-models.ts'

const patienceMs = 5_000

describe('a builder of a log that goes on with every read', () => {
  it.each([
    ['and ends with an entry that says no time', 1],
    ['faster than it reads', 20],
  ])('lets its build serve: %s', async (_, events) => {
    await using kept = new KeptModels()
    await kept.record('acme', 30)
    let isWriting = false
    kept.store.beforeRead = async () => {
      if (isWriting) return
      isWriting = true
      await kept.record('acme', events)
      await noteOfRelay(kept.store)
      isWriting = false
    }
    await kept.rebuild(counting(), AbortSignal.timeout(patienceMs))
    expect(await kept.models.builds(counting())).toMatchObject([{ number: 1, state: 'serving' }])
    expect((await kept.count(counting(), 'acme')).count).toBeGreaterThanOrEqual(30)
  })
})

/** As relays note how far the broker has everything. */
async function noteOfRelay(store: MemoryEventStore): Promise<void> {
  const stream = 'daybook-relay'
  const note = { id: crypto.randomUUID(), type: 'RelayProgressed', json: '{"position":"1"}' }
  await store.append(stream, [note], await store.head(stream))
}
