import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { EventFeed } from '#ports/event-feed.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { aStream } from '#test/contracts/event-store.ts'

/** Something that feeds read from. Every `open` is the same consumer, started again. */
export type FeedSource = AsyncDisposable & {
  /** Stores new events at the end of a stream and makes them reach the feed. */
  append(stream: string, count: number): Promise<void>
  open(): Promise<EventFeed>
}

const eventsMax = 10_000

/** Runs a feed until `enough` of what it delivered, then ends it and waits for that. */
export async function take(
  feed: EventFeed,
  enough: (seen: readonly StoredEvent[]) => boolean,
): Promise<StoredEvent[]> {
  const seen: StoredEvent[] = []
  const stop = new AbortController()
  await feed.run(async (batch) => {
    seen.push(...batch)
    if (enough(seen)) stop.abort()
  }, stop.signal)
  return seen
}

const revisionsOf = (events: readonly StoredEvent[], stream: string) =>
  events.filter((event) => event.stream === stream).map(({ revision }) => revision)
const upTo = (count: number) => Array.from({ length: count }, (_, revision) => BigInt(revision))
const distinct = (events: readonly StoredEvent[]) =>
  new Set(events.map(({ stream, revision }) => `${stream} ${revision}`)).size

/** What every feed must do, whichever adapter it is. */
export function describeEventFeed(name: string, makeSource: () => Promise<FeedSource>): void {
  describe(`${name}: a feed`, () => {
    it('delivers every ledger in order of revision', async () => {
      await using source = await makeSource()
      const streams = [aStream(), aStream(), aStream()]
      for (let turn = 0; turn < 4; turn += 1)
        for (const stream of streams) await source.append(stream, 5)
      const seen = await take(await source.open(), (events) => distinct(events) === 60)
      for (const stream of streams)
        expect([...new Set(revisionsOf(seen, stream))]).toEqual(upTo(20))
    })

    it('goes on with what is stored while it runs', async () => {
      await using source = await makeSource()
      const stream = aStream()
      await source.append(stream, 2)
      const seen: StoredEvent[] = []
      const stop = new AbortController()
      const feed = await source.open()
      await feed.run(async (batch) => {
        seen.push(...batch)
        if (distinct(seen) === 2) await source.append(stream, 3)
        if (distinct(seen) === 5) stop.abort()
      }, stop.signal)
      expect([...new Set(revisionsOf(seen, stream))]).toEqual(upTo(5))
    })

    it('delivers bounded batches, one at a time', async () => {
      await using source = await makeSource()
      const stream = aStream()
      for (let turn = 0; turn < 6; turn += 1) await source.append(stream, 500)
      let [running, runningMost, largest, count] = [0, 0, 0, 0]
      const stop = new AbortController()
      const feed = await source.open()
      await feed.run(async (batch) => {
        running += 1
        runningMost = Math.max(runningMost, running)
        largest = Math.max(largest, batch.length)
        await sleep(2)
        count += batch.length
        running -= 1
        if (count >= 3_000) stop.abort()
      }, stop.signal)
      expect(runningMost).toBe(1)
      expect(largest).toBeLessThan(3_000)
      expect(largest).toBeLessThanOrEqual(eventsMax)
    })

    it("leaves out the program's own streams, and never delivers an empty batch", async () => {
      await using source = await makeSource()
      const stream = aStream()
      await source.append('daybook-relay', 3)
      await source.append(stream, 2)
      await source.append('daybook-relay', 3)
      await source.append(stream, 1)
      const sizes: number[] = []
      const feed = await source.open()
      const seen = await take(feed, (events) => {
        sizes.push(events.length)
        return distinct(events) === 3
      })
      expect(seen.filter((event) => event.stream !== stream)).toEqual([])
      expect(sizes).toEqual([...new Set(sizes)])
    })
  })

  describe(`${name}: a feed whose handler fails`, () => {
    it('throws that on, and delivers the batch again when run again', async () => {
      await using source = await makeSource()
      const stream = aStream()
      await source.append(stream, 3)
      const feed = await source.open()
      const failing = feed.run(
        () => Promise.reject(new Error('no read model')),
        AbortSignal.any([]),
      )
      await expect(failing).rejects.toThrow('no read model')
      const seen = await take(await source.open(), (events) => distinct(events) === 3)
      expect([...new Set(revisionsOf(seen, stream))]).toEqual(upTo(3))
    })
  })

  describe(`${name}: a feed started again`, () => {
    it('misses nothing of what was stored meanwhile', async () => {
      await using source = await makeSource()
      const stream = aStream()
      await source.append(stream, 3)
      const first = await take(await source.open(), (events) => distinct(events) === 3)
      await source.append(stream, 3)
      const second = await take(await source.open(), (events) =>
        events.some(({ revision }) => revision === 5n),
      )
      expect(distinct([...first, ...second])).toBe(6)
    })
  })

  describe(`${name}: a feed that is ended`, () => {
    it('waits for the batch in hand and delivers no other', async () => {
      await using source = await makeSource()
      const stream = aStream()
      await source.append(stream, 1)
      const stop = new AbortController()
      const events: string[] = []
      const feed = await source.open()
      await feed.run(async () => {
        events.push('began')
        await source.append(stream, 1)
        stop.abort()
        await sleep(20)
        events.push('ended')
      }, stop.signal)
      expect(events).toEqual(['began', 'ended'])
    })

    it('ends while it waits for something new', async () => {
      await using source = await makeSource()
      const feed = await source.open()
      await feed.run(() => Promise.resolve(), AbortSignal.timeout(100))
    })

    it('delivers nothing when it was ended before', async () => {
      await using source = await makeSource()
      await source.append(aStream(), 1)
      const feed = await source.open()
      await feed.run(() => Promise.reject(new Error('delivered')), AbortSignal.abort())
    })
  })
}
