import { describe, expect, it } from 'vitest'
import { requireSameLog } from '#compose/same-log.ts'
import { parseConfig } from '#config.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { allProjections } from '#projections/all-projections.ts'
import { ActLog } from '#projections/runtime/act-log.ts'
import { type ProjectionAct, recordAct } from '#projections/runtime/acts.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { commandRejected, ledgerOpened, recordedAtOf } from '#test/support/examples.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { rewritten, stored } from '#test/support/stored-events.ts'

const ledgerId = 'acme'
const config = parseConfig({})
type Event = ReturnType<typeof rewritten>

describe('read models are of a log', () => {
  it('that holds what they have applied, or more', async () => {
    const readModels = await modelsOf(await logOf(events(3)))
    const store = await logOf(events(5))
    expect(await refusal(store, readModels)).toBeUndefined()
  })

  it('of which they have nothing', async () => {
    expect(await refusal(await logOf(events(3)), openMemoryReadModels())).toBeUndefined()
  })

  it('in which the event is damaged: that stops its ledger and no other', async () => {
    const readModels = await modelsOf(await logOf(events(3)))
    const [first, second, third] = events(3)
    if (first === undefined || second === undefined || third === undefined) throw new Error()
    const json = third.json.replace('12:00:02.000Z', '12:00:06.000Z')
    const store = await logOf([first, second, { ...third, json }])
    expect(await refusal(store, readModels)).toBeUndefined()
  })

  it('in which somebody has skipped the last that they went past', async () => {
    const { store, readModels } = await skipped()
    expect(await refusal(store, readModels)).toBeUndefined()
  })

  it('is asked for each event once, however many models have applied it', async () => {
    const store = await logOf(events(3))
    const readModels = await modelsOf(store)
    store.reads.length = 0
    await requireSameLog(config, { store, readModels })
    expect(store.reads).toEqual([2n])
  })
})

describe('read models are not of a log', () => {
  const lastOfFour = 'applied acme revision 3 of 2026-03-01T12:00:03.000Z'

  it('that ends before what they have applied', async () => {
    const readModels = await modelsOf(await logOf(events(4)))
    await readModels.saveFeedPosition('projector', 0n)
    expect(await refusal(await logOf(events(3)), readModels)).toBe(
      `The read models were made from a longer log than this one, or from another: they have ${lastOfFour}, which this log does not hold. If the log was put back on purpose, delete read-models.db and its companions and start again: they are made anew. If not, it has lost events or its index is damaged: keep the folder and restore a backup.`,
    )
    expect(await refusal(new MemoryEventStore(), readModels)).toContain(lastOfFour)
  })

  it('that has another event there, however long it is', async () => {
    const readModels = await modelsOf(await logOf(events(4)))
    expect(await refusal(await logOf(events(9, 60n)), readModels)).toContain(lastOfFour)
  })

  it('that lacks what only a build has that does not serve yet', async () => {
    const readModels = openMemoryReadModels()
    const builds = await Promise.all(
      allProjections.map(async (each) => ({
        ...each,
        build: await readModels.startBuild(each, recordedAtOf(9n)),
      })),
    )
    await apply(await logOf(events(4)), readModels, builds)
    expect(await refusal(await logOf(events(3)), readModels)).toContain(lastOfFour)
  })

  it('that was put back to before the skip of an event that they went past', async () => {
    const { readModels, poisoned } = await skipped()
    expect(await refusal(await logOf(poisoned), readModels)).toContain(
      'applied acme revision 2 of 2026-03-01T12:00:01.000Z',
    )
  })

  it('that lacks what they have acted on', async () => {
    const { store, readModels } = await skipped()
    const last = BigInt(allProjections.length - 1)
    await readModels.saveFeedPosition('acts', last)
    expect(await refusal(store, readModels)).toBeUndefined()
    await readModels.saveFeedPosition('acts', last + 1n)
    expect(await refusal(store, readModels)).toContain(
      `acted on daybook-projections revision ${last + 1n}`,
    )
  })

  it('that ends before what was read of it, though it was applied nowhere', async () => {
    const store = await logOf(events(4))
    const readModels = await modelsOf(store)
    await readModels.saveFeedPosition('projector', 3n)
    expect(await refusal(store, readModels)).toBeUndefined()
    await readModels.saveFeedPosition('projector', 4n)
    expect(await refusal(store, readModels)).toContain('read the event at position 4')
  })

  it('and another database is to be named where they are on a server', async () => {
    const readModels = await modelsOf(await logOf(events(4)))
    const onServer = parseConfig({ DAYBOOK_READ_MODELS: 'mongodb://localhost/daybook' })
    const parts = { store: new MemoryEventStore(), readModels }
    await expect(requireSameLog(onServer, parts)).rejects.toThrow(
      'name a new database in DAYBOOK_READ_MODELS and start again',
    )
  })
})

/** So many events of one ledger, recorded as many seconds later as it says. */
function events(count: number, laterSeconds = 0n): readonly Event[] {
  return Array.from({ length: count }, (_, index) => {
    const revision = BigInt(index)
    const envelope = { revision, recordedAt: recordedAtOf(revision + laterSeconds) }
    const event = index === 0 ? ledgerOpened({}, envelope) : commandRejected({}, envelope)
    return rewritten(stored(event), (json) => json)
  })
}

async function logOf(given: readonly Event[]): Promise<MemoryEventStore> {
  const store = new MemoryEventStore()
  await store.append(ledgerStream(ledgerId), given, 'no-stream')
  return store
}

type Models = ReturnType<typeof openMemoryReadModels>

/** What a projector makes of the log. */
async function modelsOf(store: MemoryEventStore): Promise<Models> {
  const readModels = openMemoryReadModels()
  await apply(store, readModels)
  return readModels
}

async function apply(
  store: MemoryEventStore,
  writer: Models,
  projections: Parameters<typeof createProjector>[0]['projections'] = allProjections,
): Promise<void> {
  const skips = new ActLog(store)
  await skips.refresh()
  const { logger } = recordingLogger()
  const projector = createProjector({ projections, writer, store, logger, skips })
  await projector.apply(store.eventsOf(ledgerStream(ledgerId)))
}

/** A log whose last event nobody can read, and every model has gone past. */
async function skipped() {
  const poisoned = events(3).map((event) =>
    event.revision === 2n
      ? rewritten(event, (json) => JSON.stringify({ ...JSON.parse(json), schemaVersion: 99 }))
      : event,
  )
  const store = await logOf(poisoned)
  let place: bigint | undefined
  for (const { name: projection, version } of allProjections) {
    const said = { actor: 'ops', reason: 'INC-7', recordedAt: recordedAtOf(9n) }
    const what = { act: 'skip', projection, version, ledgerId, revision: 2n } as const
    const act: ProjectionAct = { ...what, ...said }
    place = await recordAct(store, act, place)
  }
  return { store, readModels: await modelsOf(store), poisoned }
}

/** In which words the log is refused, if it is. */
async function refusal(store: MemoryEventStore, readModels: Models): Promise<string | undefined> {
  try {
    await requireSameLog(config, { store, readModels })
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return error.message
  }
}
