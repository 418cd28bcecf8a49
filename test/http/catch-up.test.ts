import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CatchUp } from '#http/log/catch-up.ts'
import { partsOf } from '#http/parts.ts'
import { queries } from '#queries/all-queries.ts'
import { FakeCommandBus } from '#test/support/http-command-bus.ts'
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
