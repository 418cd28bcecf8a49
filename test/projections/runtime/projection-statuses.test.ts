import { describe, expect, it } from 'vitest'
import { ledgerStream } from '#events/stream-names.ts'
import { accounts } from '#projections/accounts.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'
import { recordAct } from '#projections/runtime/acts.ts'
import { projectionStatuses } from '#projections/runtime/projection-statuses.ts'
import { deposited, history, ledgerOpened, accountOpened } from '#test/support/history.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { stored } from '#test/support/stored-events.ts'

/** A log of two ledgers, the second of which begins long after the first. */
async function aLongLog(): Promise<MemoryEventStore> {
  const store = new MemoryEventStore()
  const facts = [
    ledgerOpened(),
    accountOpened('bank:cash'),
    accountOpened('users:alice'),
    ...Array.from({ length: 1_500 }, () => deposited('1')),
  ]
  const events = history(facts).map((event) => stored(event))
  for (const stream of ['acme', 'umbra'].map(ledgerStream))
    for (const [index, { json, type }] of events.entries()) {
      const expected = index === 0 ? 'no-stream' : BigInt(index) - 1n
      await store.append(stream, [{ id: `${stream} ${index}`, type, json }], expected)
    }
  return store
}

/** Of read models that have nothing yet. */
function statusesOver(store: MemoryEventStore) {
  return projectionStatuses({
    projections: allProjections,
    readModels: openMemoryReadModels(),
    store,
    feedPosition: async () => undefined,
    isBuilding: async () => false,
    nowMs: 0,
  })
}

describe('the status of read models that are to be made', () => {
  it('counts ledgers that begin far behind the place of the feed', async () => {
    const store = await aLongLog()
    const statuses = await statusesOver(store)
    const lags = new Set(statuses.map(({ lagEvents }) => lagEvents))
    expect([...lags]).toEqual([2 * 1_503])
  })
})

describe('the status of read models of many ledgers', () => {
  it('leaves others their turns while it is found out', async () => {
    const store = new MemoryEventStore()
    const [opened] = history([ledgerOpened()]).map((event) => stored(event))
    const json = opened?.json ?? ''
    for (let count = 0; count < 5_000; count += 1) {
      const stream = ledgerStream(`l-${count}`)
      await store.append(stream, [{ id: stream, type: 'LedgerOpened', json }], 'no-stream')
    }
    let [reads, most] = [0, 0]
    store.beforeRead = async () => void (reads += 1)
    const others = () => {
      most = Math.max(most, reads)
      reads = 0
      turn = setImmediate(others)
    }
    let turn = setImmediate(others)
    const statuses = await statusesOver(store)
    clearImmediate(turn)
    expect(new Set(statuses.map(({ lagEvents }) => lagEvents))).toEqual(new Set([5_000]))
    expect(Math.max(most, reads)).toBeLessThan(1_000)
  })
})

describe('a ledger that waits at a damaged event', () => {
  it('has a lag that is told without it', async () => {
    const store = new MemoryEventStore()
    const [opened] = history([ledgerOpened()]).map((event) => stored(event))
    const json = opened?.json.replace('"recordedAt":"2', '"recordedAt":"x') ?? ''
    await store.append(ledgerStream('acme'), [{ id: 'a', type: 'LedgerOpened', json }], 'no-stream')
    const statuses = await projectionStatuses({
      projections: [accounts],
      readModels: openMemoryReadModels(),
      store,
      feedPosition: async () => undefined,
      isBuilding: async () => false,
      nowMs: 0,
    })
    expect(statuses).toMatchObject([{ lagEvents: 1, lagSeconds: 0 }])
  })
})

describe('events that were skipped', () => {
  it('are told of in the model whose they are, the last first', async () => {
    const store = new MemoryEventStore()
    const acts = [
      { projection: 'accounts', revision: 9n },
      { projection: 'holds', revision: 4n },
      { projection: 'accounts', revision: 2n },
    ]
    const said = { version: accounts.version, ledgerId: 'acme', actor: 'ops', reason: 'INC-7' }
    for (const [place, what] of acts.entries()) {
      const recordedAt = `2026-03-01T12:00:0${place}.000Z`
      const after = place === 0 ? undefined : BigInt(place - 1)
      await recordAct(store, { act: 'skip', ...said, ...what, recordedAt }, after)
    }
    const statuses = await statusesOver(store)
    const told = statuses.find(({ name }) => name === 'accounts')
    expect(told?.skippedEvents.map(({ revision }) => revision)).toEqual(['2', '9'])
  })
})

describe('a build that is not ended', () => {
  const previous = { ...accounts, version: 1 }

  /** The builds of `accounts` that are shown; the one with the number is begun beside what serves of either version. */
  async function shown(serving: Projection, isBuilding: boolean) {
    const readModels = openMemoryReadModels()
    await readModels.prepare(serving)
    const projection = { ...accounts, version: 2, previous }
    await readModels.startBuild(projection, '2026-01-01T00:00:00.000Z')
    const [status] = await projectionStatuses({
      projections: [projection],
      readModels,
      store: new MemoryEventStore(),
      feedPosition: async () => undefined,
      isBuilding: async () => isBuilding,
      nowMs: 0,
    })
    return status?.building
  }

  it('is shown beside its own version while a rebuild fills it, and not where a killed one left it', async () => {
    const serving = { ...accounts, version: 2 }
    expect(await shown(serving, true)).toMatchObject({ version: 2, build: 2 })
    expect(await shown(serving, false)).toBeNull()
  })

  it('is shown beside the version before it, though nobody fills it at the moment', async () => {
    expect(await shown(previous, false)).toMatchObject({ version: 2 })
  })
})
