import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { openKafkaFeed } from '#adapters/kafka/feed.ts'
import { openKafkaPublisher } from '#adapters/kafka/publisher.ts'
import { api } from '#test/adapters/kafka/frame-proxy.ts'
import { type ProxiedKafka, startProxiedKafka } from '#test/adapters/kafka/proxied-kafka.ts'
import {
  aLog,
  aTopic,
  manyLedgers,
  never,
  patient,
  Reader,
  recordsOf,
} from '#test/adapters/kafka/topics.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const count = 3_000

describeWith(['kafka-process'], 'on a network that loses', () => {
  let server: ProxiedKafka
  beforeAll(async () => {
    server = await startProxiedKafka()
  }, 120_000)
  afterAll(() => server[Symbol.asyncDispose]())
  beforeEach(() => {
    server.proxy.answers = () => 'pass'
  })

  it('any third answer of the broker, the publisher leaves out nothing and mixes up nothing', async () => {
    const parts = await aTopic(server.url, 3)
    const limits = { chunkEvents: 100, retryDelayFirstMs: 10, sendTimeoutMs: 2_000 }
    await using publisher = await openKafkaPublisher({ ...parts, limits })
    server.proxy.answers = (apiKey) => {
      if (apiKey !== api.produce || Math.random() > 1 / 3) return 'pass'
      return Math.random() > 0.2 ? 'lose' : 'swallow'
    }
    await publisher.publish(aLog().many(count, manyLedgers(30)), never)
    server.proxy.answers = () => 'pass'
    const records = await recordsOf(server.url, parts.topic)
    const reader = new Reader()
    for (const { key, headers } of records)
      reader.take([{ stream: String(key), revision: BigInt(String(headers?.['revision'])) }])
    expect(reader.gaps).toEqual([])
    expect(reader.distinct).toBe(count)
  }, 90_000)

  it('its connections again and again, the feed leaves out nothing', async () => {
    const parts = await aTopic(server.url, 3)
    await using publisher = await openKafkaPublisher(parts)
    await publisher.publish(aLog().many(count, manyLedgers(30)), never)
    const reader = new Reader()
    const stop = new AbortController()
    const feed = openKafkaFeed({ ...parts, limits: { batchEvents: 100 } })
    const cutting = setInterval(() => server.proxy.cut(), 700)
    await patient(feed).run(async (batch) => {
      await sleep(50)
      reader.take(batch)
      if (reader.distinct === count) stop.abort()
    }, stop.signal)
    clearInterval(cutting)
    expect(reader.gaps).toEqual([])
    expect(reader.distinct).toBe(count)
  }, 90_000)
})
