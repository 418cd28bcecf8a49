import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CatchUp } from '#http/log/catch-up.ts'
import { partsOf } from '#http/parts.ts'
import { turn } from '#http/waiting.ts'
import { queries } from '#queries/all-queries.ts'
import { Books } from '#test/queries/books.ts'
import { FakeCommandBus } from '#test/support/http-command-bus.ts'
import { type Harness, openHarness } from '#test/support/http-harness.ts'
import { readLive } from '#test/support/http-live-reader.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

/** The parts over a log of events of these sizes, which tells how many events it has given out. */
function partsOver(sizes: readonly number[]) {
  const counted = { given: 0 }
  const parts = partsOf({
    commandBus: new FakeCommandBus(),
    readModels: openMemoryReadModels(),
    queries,
    store: {
      end: async () => undefined,
      head: async () => BigInt(sizes.length) - 1n,
      async readStream(stream, from, limit) {
        const found = sizes.slice(Number(from), Number(from) + limit)
        counted.given += found.length
        return found.map((size, at) => {
          const revision = from + BigInt(at)
          return { stream, revision, position: revision, type: 'T', json: 'x'.repeat(size) }
        })
      },
    },
    streamOf: (ledgerId) => ledgerId,
    eventTypes: [],
    projectionStatuses: async () => [],
    healthChecks: {},
    cursorSecret: 'a secret of this test',
    clock: { now: () => 0, monotonic: () => 0 },
    logger: recordingLogger().logger,
  })
  return { parts, counted }
}

/** The sizes of the events of all pages up to the end of the log. */
async function pagesOf(parts: ReturnType<typeof partsOf>): Promise<readonly number[][]> {
  const pages: number[][] = []
  const catchUp = new CatchUp(parts, turn)
  for (let after = -1n; ; ) {
    const { events, upTo } = await catchUp.next({ ledgerId: 'acme', filter: {}, after })
    if (upTo === after) return pages
    pages.push(events.map(({ json }) => json.length))
    after = upTo
  }
}

const kib = 1024

describe('the pages of a reader who catches up', () => {
  it('are all events in order, of no more than 256 KiB before the last one in each', async () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 300 * kib }), fc.integer({ min: 1, max: 900 }))
    await fc.assert(
      fc.asyncProperty(fc.array(sizes, { maxLength: 150 }), async (log) => {
        const pages = await pagesOf(partsOver(log).parts)
        expect(pages.flat()).toEqual(log)
        for (const page of pages) {
          const before = page.slice(0, -1).reduce((sum, size) => sum + size, 0)
          expect(before).toBeLessThan(256 * kib)
          expect(page.length).toBeLessThanOrEqual(100)
        }
      }),
    )
  })

  it.each([500, 16 * kib, 100 * kib, 245 * kib])(
    'are read once where all events have %i bytes',
    async (size) => {
      const log = Array.from({ length: 300 }, () => size)
      const { parts, counted } = partsOver(log)
      await pagesOf(parts)
      expect(counted.given).toBe(300)
    },
  )

  it('are soon as large as they may be again where events are small again', async () => {
    const small = Array.from({ length: 150 }, () => 500)
    const log = [...small, ...Array.from({ length: 10 }, () => 245 * kib), ...small]
    const { parts, counted } = partsOver(log)
    expect((await pagesOf(parts)).length).toBeLessThan(15)
    expect(counted.given).toBeLessThan(450)
  })
})

describe('many readers who are far behind', () => {
  it('are served a page a turn, all together, so that others are answered between two', async () => {
    await using http = await openHarness()
    await http.append(booksOf(600).events)
    const url = `${http.url}/v1/ledgers/acme/events`
    const readers = await Promise.all(Array.from({ length: 10 }, () => readLive(url)))
    const reads = countReads(http)
    for (const reader of readers) expect(await reader.count(603)).toHaveLength(603)
    for (const reader of readers) await reader[Symbol.asyncDispose]()
    // What comes after a reader's last page, which finds nothing, needs no turn.
    expect(reads.most).toBeLessThanOrEqual(3)
  })
})

describe('a history of which next to nothing is meant', () => {
  it.each([
    ['live, known to the read models', 'text/event-stream', true],
    ['live, not known to them yet', 'text/event-stream', false],
    ['in pages, known to the read models', 'application/json', true],
    ['in pages, not known to them yet', 'application/json', false],
  ])('is looked through a page a turn: %s', async (_, accept, projected) => {
    await using http = await openHarness()
    const { events } = booksOf(3_000)
    await http.append(events)
    if (projected) await http.project(events)
    const reads = countReads(http)
    const path = '/v1/ledgers/acme/events?types=AccountOpened,AccountFrozen&account=bank'
    if (accept === 'application/json') expect((await http.request(path)).status).toBe(200)
    else {
      await using reader = await readLive(`${http.url}${path}`)
      await expect.poll(() => http.store.reads.at(-1)).toBe(BigInt(events.length))
      expect(reader.events).toHaveLength(1)
    }
    expect(http.store.reads.length).toBeGreaterThan(9)
    // The last page that has something, those that find nothing, and the tail's.
    expect(reads.most).toBeLessThanOrEqual(4)
  })
})

/** How often a stream was read in one turn, at most. */
function countReads({ store }: Harness): { readonly most: number } {
  const reads = { most: 0 }
  let [inTurn, before] = [0, store.reads.length]
  store.beforeRead = async () => {
    if (inTurn === 0) setImmediate(() => (inTurn = 0))
    inTurn += store.reads.length - before
    before = store.reads.length
    reads.most = Math.max(reads.most, inTurn)
  }
  return reads
}

function booksOf(deposits: number): Books {
  const books = new Books()
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'USD/2' }] })
  for (const [accountId, type] of [
    ['bank', 'asset'],
    ['alice', 'liability'],
  ] as const)
    books.do('OpenAccount', { accountId, type })
  for (let at = 0; at < deposits; at += 1) books.post('bank -> alice 1', {})
  return books
}
