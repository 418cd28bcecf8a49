import { describe, expect, it, vi } from 'vitest'
import { chunksOf } from '#adapters/kafka/lane.ts'
import { partitionOf } from '#adapters/kafka/partitioner.ts'
import { openKafkaPublisher } from '#adapters/kafka/publisher.ts'
import {
  aLog,
  aTopic,
  connectionOf,
  manyLedgers,
  never,
  plainKafka,
  recordsOf,
} from '#test/adapters/kafka/topics.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

describeWith(['kafka'], 'the publisher', (servers) => {
  it('puts each ledger into its partition, in order, with the stored bytes', async () => {
    const parts = await aTopic(servers.kafka().url, 6)
    await using publisher = await openKafkaPublisher(parts)
    const ledgers = manyLedgers(40)
    const events = aLog().many(4_000, ledgers)
    for (let from = 0; from < events.length; from += 1_500)
      await publisher.publish(events.slice(from, from + 1_500), never)
    const records = await recordsOf(servers.kafka().url, parts.topic)
    for (const ledgerId of ledgers) {
      const own = records.filter(({ key }) => String(key) === ledgerId)
      expect(new Set(own.map(({ partition }) => partition))).toEqual(
        new Set([partitionOf(ledgerId, 6)]),
      )
      const stored = events.filter(({ stream }) => stream === `ledger-${ledgerId}`)
      expect(own.map(({ value }) => String(value))).toEqual(stored.map(({ json }) => json))
    }
    expect(publisher.counters()).toEqual({ published: 4_000, retries: 0 })
  })

  it('publishes nothing at once, and takes nothing that is no ledger’s', async () => {
    const parts = await aTopic(servers.kafka().url)
    await using publisher = await openKafkaPublisher(parts)
    await publisher.publish([], never)
    const own = aLog().next('acme', { stream: 'daybook-relay' })
    await expect(publisher.publish([own], never)).rejects.toThrow('holds no ledger')
    expect(publisher.counters()).toEqual({ published: 0, retries: 0 })
  })

  it('sends nothing once it was aborted', async () => {
    const parts = await aTopic(servers.kafka().url)
    await using publisher = await openKafkaPublisher(parts)
    const aborted = AbortSignal.abort(new Error('enough'))
    await expect(publisher.publish(aLog().many(2, ['acme']), aborted)).rejects.toThrow('enough')
    expect(await recordsOf(servers.kafka().url, parts.topic)).toEqual([])
  })

  it('goes on after it was aborted', async () => {
    const parts = await aTopic(servers.kafka().url, 2)
    await using publisher = await openKafkaPublisher({ ...parts, limits: { chunkEvents: 10 } })
    const events = aLog().many(3_000, manyLedgers(10))
    const aborting = new AbortController()
    const aborted = expect(publisher.publish(events, aborting.signal)).rejects.toThrow('enough')
    await vi.waitUntil(() => publisher.counters().published > 0, { interval: 1, timeout: 20_000 })
    aborting.abort(new Error('enough'))
    await aborted
    expect(publisher.counters().published).toBeLessThan(3_000)
    await publisher.publish(events, never)
    const records = await recordsOf(servers.kafka().url, parts.topic)
    expect(new Set(records.map(({ value }) => String(value))).size).toBe(3_000)
  })

  it('says whether broker and topic can serve', async () => {
    const parts = await aTopic(servers.kafka().url)
    await using publisher = await openKafkaPublisher(parts)
    await publisher.check()
    const admin = plainKafka(servers.kafka().url).admin()
    await admin.connect()
    await admin.createPartitions({ topicPartitions: [{ topic: parts.topic, count: 2 }] })
    await expect(publisher.check()).rejects.toThrow('has 2 partitions and had 1')
    await admin.deleteTopics({ topics: [parts.topic] })
    await expect(publisher.check()).rejects.toThrow('no topic')
    await admin.disconnect()
  })

  it('is not opened without its topic, or without a broker', async () => {
    const { logger } = recordingLogger()
    const parts = {
      logger,
      topic: 'nobody-made-this',
      connection: connectionOf(servers.kafka().url),
    }
    await expect(openKafkaPublisher(parts)).rejects.toThrow('no topic nobody-made-this')
    const nowhere = { ...parts, connection: connectionOf('kafka://127.0.0.1:1') }
    await expect(openKafkaPublisher(nowhere)).rejects.toThrow('Kafka at 127.0.0.1:1: ')
  })
})

describe('what goes into one request', () => {
  const limits = { chunkEvents: 3, chunkBytes: 2_000 }
  const sizes = (...lengths: readonly number[]) => {
    const log = aLog()
    const events = lengths.map((length) => log.next('acme', { json: 'x'.repeat(length) }))
    const chunks = [...chunksOf(events, limits)]
    expect(chunks.flat()).toEqual(events)
    return chunks.map((chunk) => chunk.map(({ json }) => json.length))
  }

  it('is bounded by number and by bytes, with room for key and headers', () => {
    expect(sizes()).toEqual([])
    expect(sizes(1, 2, 3, 4)).toEqual([[1, 2, 3], [4]])
    expect(sizes(800, 100, 100)).toEqual([[800, 100], [100]])
  })

  it('is a single event where that is larger', () => {
    expect(sizes(10, 5_000, 20)).toEqual([[10], [5_000], [20]])
  })

  it('counts bytes, not letters', () => {
    const event = aLog().next('acme', { json: 'ü'.repeat(700) })
    expect([...chunksOf([event, event], limits)]).toHaveLength(2)
  })
})
