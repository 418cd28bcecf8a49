import { describe, expect, it } from 'vitest'
import { noSkips } from '#projections/runtime/act-log.ts'
import { auditReadModel } from '#cli/audit/read-model-audit.ts'
import { decodeEvent } from '#events/decode.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import type { ModelChange, StoredDocument } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'
import { transactions } from '#projections/transactions.ts'
import { eventfulBooks } from '#test/cli/audit/history.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { passingViews, repeatedIn, times } from '#test/support/passing-views.ts'
import { foldStored } from '#test/support/projection-specification.ts'

const ledgerId = 'acme'

/** As one that is added: its ids say nothing of revisions. */
const days: Projection = {
  name: 'days',
  version: 1,
  fields: { day: 'text' },
  indexes: [['day']],
  keysOf: (event) => [event.recordedAt.slice(0, 'YYYY-MM-DD'.length)],
  evolve: (document, _event, day) => ({ day, events: Number(document?.['events'] ?? 0) + 1 }),
}

describe.each(
  [...allProjections, days].map((projection) => [projection.name, projection] as const),
)('the read model %s', (_name, projection) => {
  it('has no finding where it is the fold of the log', async () => {
    const books = await eventfulBooks()
    expect(await audited(projection, { books, change: (all) => all })).toEqual([])
  })

  it('has none either where it is behind', async () => {
    const books = await eventfulBooks()
    const change = () => documentsOf(projection, books.slice(0, 13))
    expect(await audited(projection, { books, change, applied: 12n })).toEqual([])
  })

  it('has none where the read model moves on while it is read', async () => {
    const books = await eventfulBooks()
    const change = (all: Documents) => all
    expect(await audited(projection, { books, change, passes: times(3) })).toEqual([])
  })

  it('says where it can’t be read in any view', async () => {
    const books = await eventfulBooks()
    const change = (all: Documents) => all
    expect(await audited(projection, { books, change, passes: () => true })).toEqual([
      `${projection.name}: can't be read as of its checkpoint at revision 31: a document is ahead of it`,
    ])
  })

  it('shows a document that is missing', async () => {
    const books = await eventfulBooks()
    const [lost] = documentsOf(projection, books)
    const change = (all: Documents) => all.filter(({ id }) => id !== lost?.id)
    expect(await audited(projection, { books, change })).toEqual([
      `${projection.name}: document ${lost?.id} is missing at revision 31`,
    ])
  })

  it('shows a document that is another', async () => {
    const books = await eventfulBooks()
    const change = ([first, ...others]: Documents): Documents =>
      first === undefined
        ? []
        : [{ ...first, document: { ...first.document, note: 'changed' } }, ...others]
    const findings = await audited(projection, { books, change })
    expect(findings).toEqual([expect.stringContaining('"note":"changed"')])
  })

  it('shows a document that no event made', async () => {
    const books = await eventfulBooks()
    const change = (all: Documents): Documents => [
      ...all,
      ...all.slice(0, 1).map((first) => ({ ...first, id: '99/none' })),
    ]
    expect(await audited(projection, { books, change })).toEqual([
      `${projection.name}: document 99/none comes of no event`,
    ])
  })

  it('shows a document that is stored twice, and one that is missing beside it', async () => {
    const books = await eventfulBooks()
    const [first, second] = documentsOf(projection, books)
    const change = (all: Documents) => all.filter(({ id }) => id !== second?.id)
    expect(await audited(projection, { books, change, repeated: first?.id ?? '' })).toEqual([
      `${projection.name}: document ${first?.id} is stored more than once`,
      ...(second === undefined
        ? []
        : [`${projection.name}: document ${second.id} is missing at revision 31`]),
    ])
  })

  it('shows a checkpoint ahead of the log', async () => {
    const books = await eventfulBooks()
    expect(await audited(projection, { books, change: () => [], applied: 40n })).toEqual([
      `${projection.name}: has applied revision 40, the log ends at 31`,
    ])
  })
})

describe('a log that a newer program writes to meanwhile', () => {
  it('is a finding, and ends the comparison of that read model', async () => {
    const books = await eventfulBooks()
    const found = await audited(transactions, { books, change: (all) => all, reading: newerLater })
    expect(found).toEqual(
      [
        "the log can't be folded: TransactionPosted version 2 at acme revision 5 is newer than this program, which knows 1",
      ].map((detail) => `transactions: ${detail}`),
    )
  })
})

/** Once its first page was read, every event is as a newer program would have written it. */
function newerLater(store: EventStore): EventStore {
  const readStream = store.readStream.bind(store)
  let reads = 0
  store.readStream = async (...asked) => {
    reads += 1
    const page = await readStream(...asked)
    if (reads === 1) return page
    return page.map((event) => ({
      ...event,
      json: event.json.replace('"schemaVersion":1', '"schemaVersion":2'),
    }))
  }
  return store
}

type Documents = readonly StoredDocument[]

type Given = {
  readonly books: readonly StoredEvent[]
  readonly change: (documents: Documents) => Documents
  readonly applied?: bigint
  readonly passes?: () => boolean
  readonly repeated?: string
  readonly reading?: (store: EventStore) => EventStore
}

/** What is found where the read model has these documents instead of its own. */
async function audited(
  projection: Projection,
  { books, change, applied = 31n, passes, repeated = 'none', reading = (store) => store }: Given,
): Promise<readonly string[]> {
  const passing = passingViews(openMemoryReadModels({ takesAll: true }), passes ?? (() => false))
  await using readModels = repeatedIn(passing, repeated)
  const checkpoint = { revision: applied, recordedAt: '2026-03-01T12:00:00.000Z' }
  const documents = change(documentsOf(projection, books))
  const put: ModelChange = {
    model: projection,
    ledgerId,
    expected: undefined,
    checkpoint,
    documents,
  }
  await readModels.prepare(projection)
  await readModels.commit([put])
  const store = reading(await storeOf(books))
  const findings = auditReadModel(
    { store, readModels, projection, ledgerId, skips: noSkips },
    () => {},
  )
  return (await Array.fromAsync(findings)).map(({ detail }) => detail)
}

async function storeOf(books: readonly StoredEvent[]): Promise<EventStore> {
  const store = new MemoryEventStore()
  const events = books.map(({ json, type }) => ({ id: decodeEvent(json).id, type, json }))
  await store.append(ledgerStream(ledgerId), events, 'no-stream')
  return store
}

function documentsOf(projection: Projection, books: readonly StoredEvent[]): Documents {
  const events = books.map(({ json }) => decodeEvent(json))
  return [...foldStored(projection, events)].map(([id, each]) => ({ id, ...each }))
}
