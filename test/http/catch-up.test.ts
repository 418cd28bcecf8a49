import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CatchUp } from '#http/log/catch-up.ts'
import { partsOf } from '#http/parts.ts'
import { queries } from '#queries/all-queries.ts'
import { Books } from '#test/queries/books.ts'
import { FakeCommandBus } from '#test/support/http-command-bus.ts'
import { openHarness } from '#test/support/http-harness.ts'
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
  const catchUp = new CatchUp(parts)
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
    let [inTurn, most] = [0, 0]
    http.store.beforeRead = async () => {
      if (inTurn === 0) setImmediate(() => (inTurn = 0))
      inTurn += 1
      most = Math.max(most, inTurn)
    }
    for (const reader of readers) expect(await reader.count(603)).toHaveLength(603)
    for (const reader of readers) await reader[Symbol.asyncDispose]()
    // What comes after a reader's last page, which finds nothing, needs no turn.
    expect(most).toBeLessThanOrEqual(3)
  })
})

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
