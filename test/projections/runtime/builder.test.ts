import { describe, expect, it } from 'vitest'
import type { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { Builder } from '#projections/runtime/builder.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { counting, KeptModels } from '#test/support/kept-models.ts'

const patienceMs = 5_000
const longAgo = '1970-01-01T00:00:00.000Z'

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

describe('builds that are filled together, one of them from further on', () => {
  it.each([
    ['at the beginning', 0],
    ['in the middle', 3],
  ])('have all of the log, where the other was left %s', async (_, events) => {
    await using kept = new KeptModels()
    const signal = AbortSignal.timeout(patienceMs)
    const begin = async (name: string): Promise<LiveModel> => {
      const projection = counting(1, { name })
      return { ...projection, build: await kept.models.startBuild(projection, longAgo) }
    }
    const [behind, ahead] = [await begin('behind'), await begin('ahead')]
    await kept.record('acme', events)
    const builder = new Builder(await kept.building())
    if (events > 0) await builder.catchUp([behind], signal)
    await kept.record('umbra', 10)
    await builder.catchUp([ahead], signal)
    await kept.record('acme', 1)
    await new Builder(await kept.building()).catchUp([ahead, behind], signal)
    for (const model of [ahead, behind])
      expect(await kept.models.checkpoint(model, 'umbra')).toMatchObject({ revision: 9n })
  })
})

/** As relays note how far the broker has everything. */
async function noteOfRelay(store: MemoryEventStore): Promise<void> {
  const stream = 'daybook-relay'
  const note = { id: crypto.randomUUID(), type: 'RelayProgressed', json: '{"position":"1"}' }
  await store.append(stream, [note], await store.head(stream))
}
