import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  appendBytesMax,
  appendEventsMax,
  type EventStore,
  EventStoreUnavailable,
  type EventToAppend,
  type StoredEvent,
  WrongExpectedRevision,
} from '#ports/event-store.ts'

/** One log, perhaps with other tests' streams in it. Every `open` is another writer on it; disposing ends what is left of it. */
export type EventLog = AsyncDisposable & { open(): Promise<EventStore> }

/** A new event, as unlike any other as real ones are. */
export function anEvent(fields: Partial<EventToAppend> = {}): EventToAppend {
  const id = randomUUID()
  return { id, type: 'TransactionPosted', json: JSON.stringify({ id, amount: '1250' }), ...fields }
}

export function someEvents(count: number): EventToAppend[] {
  return Array.from({ length: count }, () => anEvent())
}

export function aStream(): string {
  return `ledger-${randomUUID()}`
}

/** Everything after a position, page by page. */
export async function everything(
  store: EventStore,
  after?: bigint,
  pageSize = 100,
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = []
  for (;;) {
    const page = await store.readAll(events.at(-1)?.position ?? after, pageSize)
    if (page.length === 0) return events
    events.push(...page)
  }
}

const jsonOf = (events: readonly { json: string }[]) => events.map(({ json }) => json)
const revisionsOf = (events: readonly StoredEvent[]) => events.map(({ revision }) => revision)

async function appendHundred(store: EventStore): Promise<void> {
  const stream = aStream()
  for (let at = 0; at < 100; at += 1)
    await store.append(stream, someEvents(1), at === 0 ? 'no-stream' : BigInt(at - 1))
}

/** What every event store must do, whichever adapter it is. */
export function describeEventStore(name: string, makeLog: () => Promise<EventLog>): void {
  /** A log with one writer and a stream of three events in it. */
  const aLog = async () => {
    const log = await makeLog()
    const store = await log.open()
    const stream = aStream()
    const stored = someEvents(3)
    const position = await store.append(stream, stored, 'no-stream')
    const dispose = async () => {
      await store[Symbol.asyncDispose]()
      await log[Symbol.asyncDispose]()
    }
    return { log, store, stream, stored, position, [Symbol.asyncDispose]: dispose }
  }

  /** Whether events made from those stored are refused in their place. */
  const refused = async (change: (stored: EventToAppend[]) => EventToAppend[]) => {
    await using log = await aLog()
    await expect(log.store.append(log.stream, change(log.stored), 'no-stream')).rejects.toThrow(
      WrongExpectedRevision,
    )
    expect(jsonOf(await log.store.readStream(log.stream, 0n, 10))).toEqual(jsonOf(log.stored))
  }

  describe(`${name}: an append`, () => {
    it('numbers the events of a stream from zero', async () => {
      await using log = await aLog()
      const events = await log.store.readStream(log.stream, 0n, 10)
      expect(revisionsOf(events)).toEqual([0n, 1n, 2n])
      expect(await log.store.head(log.stream)).toBe(2n)
    })

    it('goes on where the stream ends', async () => {
      await using log = await aLog()
      const more = someEvents(2)
      await log.store.append(log.stream, more, 2n)
      expect(jsonOf(await log.store.readStream(log.stream, 0n, 10))).toEqual(
        jsonOf([...log.stored, ...more]),
      )
      expect(await log.store.head(log.stream)).toBe(4n)
    })

    it('answers the position of its last event', async () => {
      await using log = await aLog()
      const events = await log.store.readStream(log.stream, 0n, 10)
      expect(log.position).toBe(events.at(-1)?.position)
    })

    it('gives back every byte', async () => {
      await using log = await aLog()
      const event = anEvent({ json: '{"a":"\\u0000é€𝄞\\"\\\\","b":1e400,"c":" 007 "}' })
      await log.store.append(log.stream, [event], 2n)
      const [stored] = await log.store.readStream(log.stream, 3n, 1)
      expect(stored).toMatchObject({
        stream: log.stream,
        revision: 3n,
        type: event.type,
        json: event.json,
      })
    })

    it('takes as many events and bytes as the port allows', async () => {
      await using log = await aLog()
      const small = someEvents(appendEventsMax)
      await log.store.append(log.stream, small, 2n)
      const empty = anEvent({ json: '{"pad":""}' })
      const large = {
        ...empty,
        json: `{"pad":"${'x'.repeat(appendBytesMax - empty.json.length)}"}`,
      }
      await log.store.append(log.stream, [large], 502n)
      expect((await log.store.readStream(log.stream, 503n, 1))[0]?.json).toBe(large.json)
    })

    it('is there for another writer once it is acknowledged', async () => {
      await using log = await aLog()
      await using other = await log.log.open()
      expect(jsonOf(await other.readStream(log.stream, 0n, 10))).toEqual(jsonOf(log.stored))
    })

    it('is there after everything was closed and opened again', async () => {
      await using log = await makeLog()
      const stream = aStream()
      const events = someEvents(3)
      {
        await using store = await log.open()
        await store.append(stream, events, 'no-stream')
      }
      await using store = await log.open()
      expect(jsonOf(await store.readStream(stream, 0n, 10))).toEqual(jsonOf(events))
    })
  })

  describe(`${name}: an append that expects another revision`, () => {
    it.each([
      ['none, where there are events', 'no-stream'],
      ['one that is past', 1n],
      ['one that is yet to come', 3n],
      ['one far ahead', 1_000_000n],
    ] as const)('is refused and stores nothing: %s', async (_, expected) => {
      await using log = await aLog()
      await expect(log.store.append(log.stream, someEvents(2), expected)).rejects.toMatchObject({
        name: 'WrongExpectedRevision',
        stream: log.stream,
        expected,
      })
      expect(await log.store.head(log.stream)).toBe(2n)
    })

    it('is refused where there is no stream', async () => {
      await using log = await aLog()
      await expect(log.store.append(aStream(), someEvents(1), 0n)).rejects.toThrow(
        WrongExpectedRevision,
      )
    })

    it('fails alone among others made at the same time', async () => {
      await using log = await aLog()
      const streams = Array.from({ length: 20 }, aStream)
      const good = streams.map((stream) => log.store.append(stream, someEvents(2), 'no-stream'))
      const bad = log.store.append(log.stream, someEvents(2), 0n)
      const more = streams.map((stream) => log.store.append(stream, someEvents(1), 1n))
      await expect(bad).rejects.toThrow(WrongExpectedRevision)
      await Promise.all([...good, ...more])
      const heads = await Promise.all(streams.map((stream) => log.store.head(stream)))
      expect(heads).toEqual(streams.map(() => 2n))
    })
  })

  describe(`${name}: two appends at one revision`, () => {
    it('have one winner, whose events are stored whole', async () => {
      await using log = await aLog()
      await using other = await log.log.open()
      for (let at = 2n; at < 42n; at += 2n) {
        const rivals = [someEvents(2), someEvents(2)] as const
        const outcomes = await Promise.allSettled([
          log.store.append(log.stream, rivals[0], at),
          other.append(log.stream, rivals[1], at),
        ])
        const lost = outcomes.find(({ status }) => status === 'rejected')
        expect(lost).toMatchObject({ reason: { name: 'WrongExpectedRevision' } })
        const winner = outcomes[0].status === 'fulfilled' ? rivals[0] : rivals[1]
        const stored = await log.store.readStream(log.stream, at + 1n, 10)
        expect(jsonOf(stored)).toEqual(jsonOf(winner))
      }
    })

    it('have one winner when one writer makes them both', async () => {
      await using log = await aLog()
      const outcomes = await Promise.allSettled(
        Array.from({ length: 5 }, () => log.store.append(log.stream, someEvents(1), 2n)),
      )
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await log.store.head(log.stream)).toBe(3n)
    })
  })

  describe(`${name}: the identical events again`, () => {
    it('succeed with the same position and are not stored twice', async () => {
      await using log = await aLog()
      expect(await log.store.append(log.stream, log.stored, 'no-stream')).toBe(log.position)
      expect(await log.store.head(log.stream)).toBe(2n)
    })

    it('succeed from another writer, with more events after them', async () => {
      await using log = await aLog()
      await log.store.append(log.stream, someEvents(2), 2n)
      await using other = await log.log.open()
      expect(await other.append(log.stream, log.stored, 'no-stream')).toBe(log.position)
      expect(await other.head(log.stream)).toBe(4n)
    })

    it('succeed while the first time is still under way', async () => {
      await using log = await aLog()
      const events = someEvents(2)
      const attempt = () => log.store.append(log.stream, events, 2n)
      const [first, second] = await Promise.all([attempt(), attempt()])
      expect(second).toBe(first)
      expect(await log.store.head(log.stream)).toBe(4n)
    })

    it('succeed as the beginning of what is stored', async () => {
      await using log = await aLog()
      await log.store.append(log.stream, log.stored.slice(0, 2), 'no-stream')
      expect(await log.store.head(log.stream)).toBe(2n)
    })
  })

  describe(`${name}: other events at a used revision`, () => {
    it('are refused when only a prefix of them is stored', () =>
      refused((stored) => [...stored, anEvent()]))

    it('are refused when only the first is the same', () =>
      refused(([first = anEvent(), ...rest]) => [first, ...rest.map(() => anEvent())]))

    it('are refused in another order', () => refused((stored) => stored.toReversed()))

    it('are refused with the same bytes under another id', () =>
      refused((stored) => stored.map((event) => ({ ...event, id: randomUUID() }))))
  })

  describe(`${name}: reading a stream`, () => {
    it('gives nothing of a stream that is not there, or past its end', async () => {
      await using log = await aLog()
      expect(await log.store.readStream(aStream(), 0n, 10)).toEqual([])
      expect(await log.store.readStream(log.stream, 3n, 10)).toEqual([])
      expect(await log.store.head(aStream())).toBe('no-stream')
    })

    it('gives at most as many as asked for, from the revision asked for', async () => {
      await using log = await aLog()
      expect(revisionsOf(await log.store.readStream(log.stream, 1n, 1))).toEqual([1n])
      expect(revisionsOf(await log.store.readStream(log.stream, 1n, 2))).toEqual([1n, 2n])
    })

    it('does not take a longer name for the same stream', async () => {
      await using log = await aLog()
      await log.store.append(`${log.stream}-more`, someEvents(1), 'no-stream')
      expect(await log.store.head(log.stream)).toBe(2n)
      expect(await log.store.readStream(log.stream, 0n, 10)).toHaveLength(3)
    })
  })

  describe(`${name}: reading the log`, () => {
    it('gives all streams in the order in which they were stored', async () => {
      await using log = await aLog()
      const streams = [aStream(), aStream(), aStream()]
      const appended: string[] = []
      for (let round = 0; round < 5; round += 1) {
        for (const stream of streams) {
          const events = someEvents(2)
          await log.store.append(stream, events, round === 0 ? 'no-stream' : BigInt(round * 2 - 1))
          appended.push(...jsonOf(events))
        }
      }
      const read = await everything(log.store, log.position, 7)
      expect(jsonOf(read.filter(({ stream }) => streams.includes(stream)))).toEqual(appended)
    })

    it('gives positions that only grow', async () => {
      await using log = await aLog()
      await Promise.all(
        Array.from({ length: 20 }, () => log.store.append(aStream(), someEvents(3), 'no-stream')),
      )
      const positions = (await everything(log.store)).map(({ position }) => position)
      expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => (a < b ? -1 : 1)))
    })

    it('names its streams in order, a page at a time, where it can', async () => {
      await using log = await aLog()
      const names = Array.from({ length: 5 }, aStream).toSorted()
      for (const each of names) await log.store.append(each, someEvents(2), 'no-stream')
      if (log.store.streams === undefined) return
      const found: string[] = []
      for (;;) {
        const page = await log.store.streams(found.at(-1), 2)
        expect(page.length).toBeLessThanOrEqual(2)
        if (page.length === 0) break
        found.push(...page)
      }
      expect(found).toEqual(found.toSorted())
      expect(found).toEqual(expect.arrayContaining([log.stream, ...names]))
      expect(new Set(found).size).toBe(found.length)
    })

    it('ends with what was stored last, or after it, and goes on behind that', async () => {
      await using log = await aLog()
      const end = (await log.store.end()) ?? -1n
      expect(end).toBeGreaterThanOrEqual(log.position)
      const position = await log.store.append(log.stream, someEvents(1), 2n)
      expect(position).toBeGreaterThan(end)
      expect(await log.store.end()).toBeGreaterThanOrEqual(position)
    })

    it('never passes over what becomes visible later', async () => {
      await using log = await aLog()
      await using other = await log.log.open()
      const writers = Promise.all([log.store, other, log.store, other].map(appendHundred))
      const written = new AbortController()
      const done = writers.finally(() => written.abort())
      const seen: StoredEvent[] = []
      while (!written.signal.aborted) {
        seen.push(...(await log.store.readAll(seen.at(-1)?.position ?? log.position, 10)))
        await new Promise(setImmediate)
      }
      await done
      seen.push(...(await everything(log.store, seen.at(-1)?.position)))
      expect(seen).toEqual(await everything(log.store, log.position))
      expect(seen.length).toBeGreaterThanOrEqual(400)
    })
  })

  describe(`${name}: two writers with much to write`, () => {
    it('both get their turns and lose nothing', async () => {
      await using log = await aLog()
      await using other = await log.log.open()
      const streams = Array.from({ length: 8 }, aStream)
      await Promise.all(
        streams.map(async (stream, index) => {
          const store = index % 2 === 0 ? log.store : other
          for (let at = 0; at < 25; at += 1)
            await store.append(stream, someEvents(2), at === 0 ? 'no-stream' : BigInt(at * 2 - 1))
        }),
      )
      const heads = await Promise.all(streams.map((stream) => other.head(stream)))
      expect(heads).toEqual(streams.map(() => 49n))
    })
  })

  describe(`${name}: closing`, () => {
    it('finishes what was accepted and takes no more', async () => {
      await using log = await makeLog()
      const store = await log.open()
      const streams = Array.from({ length: 10 }, aStream)
      const appends = streams.map((stream) => store.append(stream, someEvents(2), 'no-stream'))
      const outcomes = Promise.all(appends)
      await store[Symbol.asyncDispose]()
      expect(await outcomes).toHaveLength(10)
      await expect(store.append(aStream(), someEvents(1), 'no-stream')).rejects.toThrow(
        EventStoreUnavailable,
      )
      await expect(store.check()).rejects.toThrow(EventStoreUnavailable)
      await using again = await log.open()
      expect(await Promise.all(streams.map((stream) => again.head(stream)))).toEqual(
        streams.map(() => 1n),
      )
    })
  })

  describe(`${name}: a sound store`, () => {
    it('can serve and has not failed', async () => {
      await using log = await aLog()
      await log.store.check()
      expect(log.store.failed.aborted).toBe(false)
    })
  })
}
