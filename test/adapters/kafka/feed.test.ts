import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openKafkaFeed } from '#adapters/kafka/feed.ts'
import { openKafkaPublisher } from '#adapters/kafka/publisher.ts'
import { ledgerOfStream } from '#events/stream-names.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import {
  aLog,
  aTopic,
  ledgerIn,
  manyLedgers,
  never,
  patient,
  plainKafka,
} from '#test/adapters/kafka/topics.ts'
import { describeEventFeed, take } from '#test/contracts/event-feed.ts'
import { someEvents } from '#test/contracts/event-store.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

describeWith(['kafka'], 'over a real broker,', (servers) => {
  /** A log whose relay is done before an append is. As the relay does, it leaves out the program's own streams. */
  const aSource = async () => {
    const parts = await aTopic(servers.kafka().url, 3)
    const store = new MemoryEventStore()
    const publisher = await openKafkaPublisher(parts)
    let published: bigint | undefined
    return {
      async append(stream: string, count: number) {
        await store.append(stream, someEvents(count), await store.head(stream))
        const events = await store.readAll(published, 1_000)
        published = events.at(-1)?.position
        const ours = events.filter((event) => ledgerOfStream(event.stream) !== undefined)
        await publisher.publish(ours, never)
      },
      open: () => Promise.resolve(patient(openKafkaFeed(parts))),
      [Symbol.asyncDispose]: () => publisher[Symbol.asyncDispose](),
    }
  }

  describeEventFeed('Kafka', aSource)

  /** A topic with events in it, and a feed of it. */
  const aFeedOf = async (events: readonly StoredEvent[], partitions = 1, limits = {}) => {
    const parts = await aTopic(servers.kafka().url, partitions)
    await using publisher = await openKafkaPublisher(parts)
    await publisher.publish(events, never)
    return { parts, feed: openKafkaFeed({ ...parts, limits }) }
  }

  it('gives events back as they were stored', async () => {
    const events = aLog().many(50, ['acme'])
    const { feed } = await aFeedOf(events)
    expect(await take(feed, (seen) => seen.length === 50)).toEqual(events)
  })

  it('hands over no more at once than its limit', async () => {
    const { feed } = await aFeedOf(aLog().many(25, ['acme']), 1, { batchEvents: 10 })
    const sizes: number[] = []
    const stop = new AbortController()
    await feed.run(async (batch) => {
      sizes.push(batch.length)
      if (sizes.length === 3) stop.abort()
    }, stop.signal)
    expect(sizes).toEqual([10, 10, 5])
    expect(feed.counters()).toEqual({ delivered: 25, batches: 3, skipped: 0, runs: 1 })
  })

  it('skips what is none of ours, with a warning and a count, and stops for none of it', async () => {
    const [first, second] = aLog().many(2, ['acme'])
    if (first === undefined || second === undefined) throw new Error('no events')
    const { parts, feed } = await aFeedOf([first])
    const producer = plainKafka(servers.kafka().url).producer()
    await producer.connect()
    const foreign = ['', '{', '\u0000'].map((value) => ({ key: 'acme', value }))
    await producer.send({
      topic: parts.topic,
      messages: [...foreign, { value: null }, { key: null, value: 'x' }],
    })
    await producer.disconnect()
    await using publisher = await openKafkaPublisher(parts)
    await publisher.publish([second], never)
    expect(await take(feed, (seen) => seen.length === 2)).toEqual([first, second])
    expect(feed.counters().skipped).toBe(5)
    const warnings = parts.lines.filter(
      ({ message }) => message.includes('none') || message.includes('no event'),
    )
    expect(warnings.map(({ fields }) => fields)).toMatchObject([
      { offset: '1', skipped: 1 },
      { skipped: 2 },
      { skipped: 4 },
    ])
  })

  it('goes on after a run of nothing but foreign records', async () => {
    const parts = await aTopic(servers.kafka().url)
    const producer = plainKafka(servers.kafka().url).producer()
    await producer.connect()
    await producer.send({ topic: parts.topic, messages: [{ value: 'x' }] })
    await producer.disconnect()
    const feed = openKafkaFeed(parts)
    const stop = new AbortController()
    const running = feed.run(() => Promise.reject(new Error('an empty batch')), stop.signal)
    while (feed.counters().skipped === 0) await sleep(20)
    await sleep(100)
    stop.abort()
    await running
    await feed.run(() => Promise.resolve(), AbortSignal.timeout(600))
    expect(feed.counters().skipped).toBe(1)
  })

  it('delivers nothing more after the handler failed, not of another partition either', async () => {
    const ledgers = [0, 1, 2].map((partition) => ledgerIn(partition, 3))
    const { feed } = await aFeedOf(aLog().many(30, ledgers), 3)
    let calls = 0
    const failing = feed.run(() => {
      calls += 1
      return Promise.reject(new TypeError('no read model'))
    }, never)
    await expect(failing).rejects.toThrow(new TypeError('no read model'))
    expect(calls).toBe(1)
    expect(await take(feed, (seen) => seen.length === 30)).toHaveLength(30)
  })

  it('throws on what the handler throws, also once it was ended', async () => {
    const { feed } = await aFeedOf(aLog().many(3, ['acme']))
    const stop = new AbortController()
    const failing = feed.run(() => {
      stop.abort(new Error('enough'))
      return Promise.reject(new Error('no time left'))
    }, stop.signal)
    await expect(failing).rejects.toThrow('no time left')
    expect(await take(feed, (seen) => seen.length === 3)).toHaveLength(3)
  })

  it('keeps its place in the group while a handler waits longer than a session', async () => {
    const limits = { sessionTimeoutMs: 6_000, heartbeatMs: 1_000, batchEvents: 1 }
    const { parts, feed } = await aFeedOf(aLog().many(2, ['acme']), 1, limits)
    const stop = new AbortController()
    let calls = 0
    await feed.run(async () => {
      calls += 1
      if (calls === 1) await sleep(8_000)
      else stop.abort()
    }, stop.signal)
    expect(calls).toBe(2)
    expect(parts.lines.filter(({ level }) => level !== 'info')).toEqual([])
  })

  it('ends within its bound, whatever it does', async () => {
    const { feed } = await aFeedOf(aLog().many(5_000, manyLedgers(50)), 3, { batchEvents: 50 })
    for (const afterMs of [0, 5, 20, 50, 100, 200]) {
      const stop = new AbortController()
      const running = feed.run(() => sleep(5), stop.signal)
      await sleep(afterMs)
      stop.abort()
      const before = performance.now()
      await running
      expect(performance.now() - before).toBeLessThan(3_000)
    }
  })
})
