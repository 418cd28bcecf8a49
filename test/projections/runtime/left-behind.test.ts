import { describe, expect, it } from 'vitest'
import { EventLogDamaged, type EventStore } from '#ports/event-store.ts'
import { bringUp } from '#projections/runtime/left-behind.ts'
import { noSkips } from '#projections/runtime/act-log.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { type Missed, ReleasePlace } from '#projections/runtime/release-place.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { counting } from '#test/support/kept-models.ts'
import { commandRejected, ledgerOpened } from '#test/support/examples.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { stored } from '#test/support/stored-events.ts'

const kept = counting(1, { name: 'kept' })
const added = counting(1, { name: 'added' })
const ledgerIds = ['acme', 'umbra', 'zeta']
const signal = new AbortController().signal
const clock = { monotonic: () => performance.now() }

describe('what a release missed', () => {
  it.each<[string, bigint | undefined]>([
    ['the log since its place', 0n],
    ['what other read models have', undefined],
  ])('is brought up by %s', async (_case, after) => {
    const log = await aLog()
    expect(await log.bringUp(log.store, { after })).toBe(true)
    expect(await log.applied()).toEqual({ acme: 1n, umbra: 1n, zeta: 1n })
  })

  it.each<[string, bigint | undefined]>([
    ['the log since its place', 0n],
    ['what other read models have', undefined],
  ])('does not wait for a ledger that is damaged: by %s', async (_case, after) => {
    const log = await aLog()
    expect(await log.bringUp(damagedAt(log.store, 'umbra'), { after })).toBe(false)
    expect(await log.applied()).toEqual({ acme: 1n, zeta: 1n })
    expect(log.lines).toMatchObject([
      { level: 'error', fields: { ledgerId: 'umbra', err: { name: 'EventLogDamaged' } } },
    ])
    expect(await log.bringUp(log.store, { after })).toBe(true)
    expect(await log.applied()).toEqual({ acme: 1n, umbra: 1n, zeta: 1n })
  })

  it('does not wait for a page of the log that is damaged', async () => {
    const log = await aLog()
    const readAll = () => Promise.reject(new EventLogDamaged('a page is damaged'))
    expect(await log.bringUp({ ...readingOf(log.store), readAll }, { after: 0n })).toBe(false)
    expect(log.lines).toMatchObject([{ level: 'error', fields: { err: expect.any(Error) } }])
  })
})

describe('the place of a release', () => {
  it('stays where it was until what the release missed was brought up', async () => {
    const positions = openMemoryReadModels()
    const place = () => new ReleasePlace({ feed: 'feed', positions, projections: [kept], clock })
    const first = place()
    expect(await first.begin()).toBeUndefined()
    await first.positions.saveFeedPosition('feed', 3n)
    await positions.saveFeedPosition('feed', 5n)
    const second = place()
    expect(await second.begin()).toEqual({ after: 3n, upTo: 5n })
    expect(await second.positions.feedPosition('feed')).toBe(5n)
    await second.positions.saveFeedPosition('feed', 7n)
    expect(await place().begin()).toEqual({ after: 3n, upTo: 7n })
    await second.hasAll()
    expect(await place().begin()).toBeUndefined()
  })
})

/** Three ledgers of two events; all are in one read model, none in the other. */
async function aLog() {
  const store = new MemoryEventStore()
  for (const ledgerId of ledgerIds) {
    const events = [ledgerOpened, commandRejected].map((example, index) => {
      const event = example({}, { ledgerId, revision: BigInt(index) })
      const { json, type } = stored(event)
      return { id: event.id, type, json }
    })
    await store.append(ledgerStream(ledgerId), events, 'no-stream')
  }
  const models = openMemoryReadModels()
  const { logger, lines } = recordingLogger()
  const parts = { writer: models, logger, skips: noSkips, clock, readModels: models }
  const all = await store.readAll(undefined, 100)
  await createProjector({ ...parts, projections: [kept], store }).apply(all)
  await models.prepare(added)
  const upTo = all.at(-1)?.position ?? 0n
  return {
    store,
    lines,
    bringUp: (from: Reading, { after }: Pick<Missed, 'after'>) =>
      bringUp({ ...parts, projections: [kept, added], store: from }, { after, upTo }, signal),
    async applied() {
      const checkpoints = await models.checkpoints(added)
      return Object.fromEntries([...checkpoints].map(([id, { revision }]) => [id, revision]))
    },
  }
}

type Reading = Pick<EventStore, 'readAll' | 'readStream'>

function readingOf(store: Reading): Reading {
  return {
    readAll: (...given) => store.readAll(...given),
    readStream: (...given) => store.readStream(...given),
  }
}

function damagedAt(store: Reading, ledgerId: string): Reading {
  return {
    ...readingOf(store),
    readStream: async (stream, ...given) => {
      if (stream === ledgerStream(ledgerId)) throw new EventLogDamaged('a page is damaged')
      return store.readStream(stream, ...given)
    },
  }
}
