import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { feedBatchMax, type FeedWait, openLogFeed } from '#adapters/log/feed.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { describeEventFeed, take } from '#test/contracts/event-feed.ts'
import { aStream, someEvents } from '#test/contracts/event-store.ts'

/** Positions as a read-model store keeps them, with a note of every one that was saved. */
class Positions {
  readonly saved: bigint[] = []
  feedPosition(): Promise<bigint | undefined> {
    return Promise.resolve(this.saved.at(-1))
  }
  saveFeedPosition(_: string, position: bigint): Promise<void> {
    this.saved.push(position)
    return Promise.resolve()
  }
}

async function aLog(wait?: FeedWait) {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-feed-'))
  const store = await openSqliteEventStore({ folder })
  const positions = new Positions()
  return {
    store,
    positions,
    append: async (stream: string, count: number) => {
      await store.append(stream, someEvents(count), await store.head(stream))
    },
    open: () =>
      Promise.resolve(
        openLogFeed({ name: 'test', store, positions, ...(wait === undefined ? {} : { wait }) }),
      ),
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

describeEventFeed('log', aLog)

describe('a log feed that is far behind', () => {
  it('hears of a stop before the log’s end, though a store in a file never waits', async () => {
    const stop = new AbortController()
    const pagesMax = 10_000
    let pages = 0
    const readAll = async () => {
      pages += 1
      if (pages === pagesMax) return []
      return someEvents(feedBatchMax).map((event, index) => {
        const position = BigInt(pages * feedBatchMax + index)
        return { ...event, stream: 'ledger-acme', revision: position, position }
      })
    }
    const feed = openLogFeed({ name: 'test', store: { readAll }, positions: new Positions() })
    setTimeout(() => stop.abort(), 10)
    await feed.run(async () => {}, stop.signal)
    expect(pages).toBeLessThan(pagesMax)
  })
})

describe('the position of a log feed', () => {
  it('is saved once the handler is done with the batch, and not before', async () => {
    await using log = await aLog()
    await log.append(aStream(), 3)
    const feed = await log.open()
    const stop = new AbortController()
    await feed.run(async () => {
      expect(log.positions.saved).toEqual([])
      stop.abort()
    }, stop.signal)
    expect(log.positions.saved).toEqual([3n])
  })

  it('stays where it was when the handler fails', async () => {
    await using log = await aLog()
    await log.append(aStream(), 3)
    const feed = await log.open()
    const failing = feed.run(() => Promise.reject(new Error('no')), AbortSignal.any([]))
    await expect(failing).rejects.toThrow('no')
    expect(log.positions.saved).toEqual([])
  })

  it('is where the next feed of that name begins', async () => {
    await using log = await aLog()
    const stream = aStream()
    for (let turn = 0; turn < 3; turn += 1) await log.append(stream, 500)
    const first = await take(await log.open(), () => true)
    const second = await take(await log.open(), () => true)
    expect(first).toHaveLength(feedBatchMax)
    expect(second.map(({ revision }) => revision)[0]).toBe(1_000n)
    expect(second).toHaveLength(500)
  })

  it("is not saved for the program's own streams", async () => {
    let waits = 0
    const stop = new AbortController()
    await using log = await aLog(() => {
      waits += 1
      stop.abort()
      return Promise.resolve()
    })
    await log.append('daybook-relay', 3)
    await (await log.open()).run(() => Promise.reject(new Error('delivered')), stop.signal)
    expect(waits).toBe(1)
    expect(log.positions.saved).toEqual([])
  })
})

describe("a log feed at the log's end", () => {
  it('waits longer each time it finds nothing, up to a bound, and briefly after it found something', async () => {
    const stop = new AbortController()
    const waits: number[] = []
    await using log = await aLog(async (delayMs) => {
      waits.push(delayMs)
      if (waits.length === 6) await log.append('ledger-late', 1)
      if (waits.length === 8) stop.abort()
    })
    await (await log.open()).run(() => Promise.resolve(), stop.signal)
    expect(waits).toEqual([5, 10, 20, 25, 25, 25, 5, 10])
  })
})
