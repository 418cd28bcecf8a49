import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBuilds } from '#cli/rebuild/compare.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { accounts } from '#projections/accounts.ts'
import { commands } from '#projections/commands.ts'
import { noSkips } from '#projections/runtime/act-log.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { aChange, aTask } from '#test/contracts/read-models-examples.ts'
import { acme, deposited, history } from '#test/support/history.ts'
import { booksOf, throws } from '#test/support/ledger-history.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { passingViews, repeatedIn } from '#test/support/passing-views.ts'
import { patienceMs, runs, seed } from '#test/support/property-runs.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { allWithSmallTrialBalances } from '#test/support/small-trial-balances.ts'
import { stored } from '#test/support/stored-events.ts'

describe('two builds of one log', () => {
  it(
    `are equal however far behind each other they are (seed ${seed})`,
    async () => {
      const law = async (dice: Dice, ...parts: readonly [number, number]) => {
        const events = booksOf('acme', dice).events
        const store = await logOf(events)
        const [live, built] = parts.map((part) => Math.ceil(events.length * part))
        for (const projection of allWithSmallTrialBalances) {
          const model = { ...projection, build: 1 }
          const sides = {
            live: await filled(model, store, live),
            built: await filled(model, store, built),
          }
          const { differences } = await compareBuilds({ store, skips: noSkips, ...sides })
          expect([projection.name, differences]).toEqual([projection.name, []])
        }
      }
      const part = fc.double({ min: 0, max: 1, noNaN: true })
      await fc.assert(fc.asyncProperty(throws, part, part, law), runs(40))
    },
    patienceMs,
  )
})

describe('two builds of which one is far behind', () => {
  const events = history([...acme, ...Array.from({ length: 6_000 }, () => deposited('1'))])
  const model = { ...commands, build: 1 }

  it('follows the log, where it was just built, instead of being folded on for every page', async () => {
    const store = await logOf(events)
    const live = await filled(model, store, events.length)
    const built = await filled(model, store, 3_000)
    let followed = 0
    const follow = async () => {
      followed += 1
      await built.projector.apply(store.eventsOf(ledgerStream('acme')))
      store.reads.length = 0
    }
    const result = await compareBuilds({ store, skips: noSkips, live, built, follow })
    expect(result).toMatchObject({ differences: [], built: result.live })
    expect(result.live.documents).toBe(events.length)
    expect({ followed, readsAfterwards: store.reads }).toEqual({ followed: 1, readsAfterwards: [] })
  })

  it('is folded on for larger pages where it is what serves', async () => {
    const store = await logOf(events)
    const live = await filled(model, store, 1_000)
    const built = await filled(model, store, events.length)
    const { differences } = await compareBuilds({ store, skips: noSkips, live, built })
    expect(differences).toEqual([])
    // For the first 500 documents, the next 5,000 and the rest; not for each 500.
    expect(store.reads.filter((from) => from === 1_000n)).toHaveLength(3)
  })
})

describe('a build that has a document twice', () => {
  const events = history([...acme, ...Array.from({ length: 1_200 }, () => deposited('1'))])
  const model = { ...commands, build: 1 }

  // The first, one within a page, the last of the first page as it is read, the first of the second, and the last of all.
  it.each(['0', '7', '498', '499', '500', `${events.length - 1}`])(
    'is told to, and is counted with both: %s',
    async (id) => {
      const store = await logOf(events)
      const built = await filled(model, store, events.length)
      const live = { ...built, readModels: repeatedIn(built.readModels, id) }
      const { differences, ...sums } = await compareBuilds({ store, skips: noSkips, live, built })
      expect(differences).toEqual([{ ledgerId: 'acme', id, repeated: true }])
      expect([sums.live.documents, sums.built.documents]).toEqual([
        events.length + 1,
        events.length,
      ])
      expect(sums.live.checksum).not.toBe(sums.built.checksum)
    },
  )

  it('is told to where the document is folded on, too', async () => {
    const store = await logOf(events)
    const behind = await filled({ ...accounts, build: 1 }, store, events.length - 1)
    const live = { ...behind, readModels: repeatedIn(behind.readModels, 'bank:cash') }
    const built = await filled({ ...accounts, build: 1 }, store, events.length)
    const { differences } = await compareBuilds({ store, skips: noSkips, live, built })
    expect(differences).toEqual([{ ledgerId: 'acme', id: 'bank:cash', repeated: true }])
  })
})

describe('a ledger that no view shows', () => {
  const events = history([...acme, ...Array.from({ length: 50 }, () => deposited('1'))])
  const model = { ...commands, build: 1 }
  const other = aChange({ model, ledgerId: 'other', documents: [aTask('0', { revision: '0' })] })

  it('is told of, and the next one is compared', async () => {
    const store = await logOf(events)
    const [live, built] = [
      await filled(model, store, events.length),
      await filled(model, store, events.length),
    ]
    for (const { readModels } of [live, built]) await readModels.commit([other])
    const readModels = passingViews(live.readModels, (ledgerId) => ledgerId === 'acme')
    const result = await compareBuilds({
      store,
      skips: noSkips,
      live: { ...live, readModels },
      built,
    })
    const sentence = `can't be read as of its checkpoint at revision ${events.length - 1}: a document is ahead of it`
    expect(result).toMatchObject({
      differences: [],
      unread: [{ ledgerId: 'acme', sentence }],
      live: { documents: 1 },
      built: result.live,
    })
  })

  it('is said to move on where it does', async () => {
    const store = await logOf(events)
    const live = await filled(model, store, 1)
    const built = await filled(model, store, events.length)
    const passing = passingViews(live.readModels, () => true)
    const moving = store.eventsOf(ledgerStream('acme')).values()
    const view: typeof passing.view = async (ledgerId) => {
      await live.projector.apply([...moving.take(1)])
      return passing.view(ledgerId)
    }
    const { unread } = await compareBuilds({
      store,
      skips: noSkips,
      live: { ...live, readModels: { ...passing, view } },
      built,
    })
    const sentence = expect.stringMatching(
      /^can't be read: it moved on from revision \d to \d\d while that was tried$/,
    )
    expect(unread).toEqual([{ ledgerId: 'acme', sentence }])
  })
})

type Dice = Parameters<typeof booksOf>[1]

async function logOf(events: readonly RecordedEvent[]): Promise<MemoryEventStore> {
  const store = new MemoryEventStore()
  const stream = ledgerStream('acme')
  for (const [index, event] of events.entries()) {
    const { json, type } = stored(event)
    const expected = index === 0 ? 'no-stream' : BigInt(index) - 1n
    await store.append(stream, [{ id: event.id, type, json }], expected)
  }
  return store
}

/** Read models that have applied so many events. */
async function filled(model: LiveModel, store: MemoryEventStore, count = 0) {
  const readModels = openMemoryReadModels()
  await readModels.prepare(model)
  const { logger } = recordingLogger()
  const projector = createProjector({ projections: [model], writer: readModels, store, logger })
  await projector.apply(store.eventsOf(ledgerStream('acme')).slice(0, count))
  return { readModels, model, projector }
}
