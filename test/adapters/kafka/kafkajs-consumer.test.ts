import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer, ConsumerConfig, ConsumerRunConfig } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openKafkaFeed } from '#adapters/kafka/feed.ts'
import { openKafkaPublisher } from '#adapters/kafka/publisher.ts'
import { FeedUnavailable } from '#ports/event-feed.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { api } from '#test/adapters/kafka/frame-proxy.ts'
import { type ProxiedKafka, startProxiedKafka } from '#test/adapters/kafka/proxied-kafka.ts'
import { aLog, aTopic, ledgerIn, never, plainKafka } from '#test/adapters/kafka/topics.ts'
import { take } from '#test/contracts/event-feed.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

// Each fault is shown with kafkajs used as its documentation has it, and then that the feed doesn't have it.

describeWith(['kafka-process'], 'kafkajs 2.2.4, consuming', () => {
  let server: ProxiedKafka
  beforeAll(async () => {
    server = await startProxiedKafka()
  }, 120_000)
  afterAll(() => server[Symbol.asyncDispose]())
  beforeEach(() => {
    server.proxy.answers = () => 'pass'
    server.proxy.tamper = () => {}
  })

  const topicWith = async (events: readonly StoredEvent[], partitions = 1) => {
    const parts = await aTopic(server.url, partitions)
    await using publisher = await openKafkaPublisher(parts)
    await publisher.publish(events, never)
    return parts
  }
  /** A consumer of kafkajs's own, running and ended with the scope. */
  const running = async (
    topic: string,
    run: ConsumerRunConfig,
    config: Partial<ConsumerConfig> & { readonly fromBeginning?: boolean } = {},
  ): Promise<Consumer & AsyncDisposable> => {
    const { fromBeginning = true, ...rest } = config
    const consumer = plainKafka(server.url).consumer({
      groupId: `${topic}-plain`,
      maxWaitTimeInMs: 100,
      ...rest,
    })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning })
    await consumer.run(run)
    return Object.assign(consumer, { [Symbol.asyncDispose]: () => consumer.disconnect() })
  }

  describe('when what handles a batch has a bug', () => {
    it('is dead, and nothing that was awaited says so', async () => {
      const { topic } = await topicWith(aLog().many(3, ['acme']))
      let calls = 0
      await using consumer = await running(topic, {
        eachBatch: () => {
          calls += 1
          return Promise.reject(new TypeError('a bug'))
        },
      })
      const { promise: crashed, resolve } = Promise.withResolvers<boolean>()
      consumer.on('consumer.crash', ({ payload }) => resolve(payload.restart))
      expect(await crashed).toBe(false)
      await sleep(1_000)
      expect(calls).toBe(1)
    })
  })

  describe('when the broker is away for longer than it tries', () => {
    it('the feed says that it is unavailable, and goes on when run again', async () => {
      const log = aLog()
      const parts = await topicWith(log.many(3, ['acme']))
      const feed = openKafkaFeed(parts)
      const seen: StoredEvent[] = []
      const failing = feed.run(async (batch) => {
        seen.push(...batch)
        server.proxy.target = 1
        server.proxy.cut()
      }, never)
      await expect(failing).rejects.toThrow(FeedUnavailable)
      server.proxy.target = server.kafka.port
      await using publisher = await openKafkaPublisher(parts)
      await publisher.publish(log.many(1, ['acme']), never)
      const more = await take(feed, (events) => events.some(({ revision }) => revision === 3n))
      expect(new Set([...seen, ...more].map(({ revision }) => revision))).toEqual(
        new Set([0n, 1n, 2n, 3n]),
      )
    })

    it('the feed says so, too, where the broker accepts and is silent', async () => {
      const parts = await topicWith(aLog().many(3, ['acme']))
      const limits = { silenceMs: 1_500, closeTimeoutMs: 300 }
      const feed = openKafkaFeed({ ...parts, limits })
      const before = performance.now()
      const failing = feed.run(() => {
        server.proxy.answers = () => 'swallow'
        return Promise.resolve()
      }, never)
      await expect(failing).rejects.toThrow(/no sign of the broker/)
      expect(performance.now() - before).toBeLessThan(5_000)
    })
  })

  describe('when the place that a group has come to is no longer there', () => {
    /** Ten records, of which a group has read three and the broker has forgotten five. */
    const forgetting = async () => {
      const parts = await topicWith(aLog().many(10, ['acme']))
      const admin = plainKafka(server.url).admin()
      await admin.connect()
      for (const groupId of [`${parts.topic}-plain`, parts.groupId])
        await readThree(parts.topic, groupId)
      // It makes the admin client know the topic.
      await admin.fetchTopicOffsets(parts.topic)
      await admin.deleteTopicRecords({
        topic: parts.topic,
        partitions: [{ partition: 0, offset: '5' }],
      })
      await admin.disconnect()
      return parts
    }
    const readThree = async (topic: string, groupId: string) => {
      const { promise: read, resolve } = Promise.withResolvers<void>()
      await using _ = await running(
        topic,
        {
          autoCommit: false,
          eachBatch: async (payload) => {
            await payload.commitOffsetsIfNecessary({
              topics: [{ topic, partitions: [{ partition: 0, offset: '3' }] }],
            })
            resolve()
          },
        },
        { groupId },
      )
      await read
    }

    it('jumps over what is still there', async () => {
      const { topic } = await forgetting()
      const offsets: string[] = []
      await using _ = await running(
        topic,
        { eachMessage: async ({ message }) => void offsets.push(message.offset) },
        { fromBeginning: false },
      )
      await sleep(2_000)
      expect(offsets).toEqual([])
    })

    it('the feed goes on with the first that is still there', async () => {
      const feed = openKafkaFeed(await forgetting())
      const seen = await take(feed, (events) => events.length >= 5)
      expect(seen.map(({ revision }) => revision)).toEqual([5n, 6n, 7n, 8n, 9n])
    })
  })

  describe('when a batch is left in the middle', () => {
    it('never delivers the rest of it', async () => {
      const { topic } = await topicWith(aLog().many(6, ['acme']))
      const first: number[] = []
      const { promise: handled, resolve } = Promise.withResolvers<void>()
      const consumer = await running(topic, {
        eachBatch: async ({ batch }) => {
          first.push(batch.messages.length)
          resolve()
          // Leaves with only the first message handled, as one does when it is to stop.
        },
      })
      await handled
      await consumer.disconnect()
      const second: string[] = []
      await using _ = await running(topic, {
        eachMessage: async ({ message }) => void second.push(message.offset),
      })
      await sleep(1_000)
      expect([first, second]).toEqual([[6], []])
    })

    it('the feed delivers the rest of it', async () => {
      const parts = await topicWith(aLog().many(6, ['acme']))
      const feed = openKafkaFeed({ ...parts, limits: { batchEvents: 2 } })
      const first = await take(feed, () => true)
      const second = await take(feed, (events) => events.length === 4)
      expect([...first, ...second].map(({ revision }) => revision)).toEqual([
        0n,
        1n,
        2n,
        3n,
        4n,
        5n,
      ])
    })
  })

  describe('when one partition cannot be handled', () => {
    it("still hands over the other partitions' batches", async () => {
      const ledgers = [0, 1, 2].map((partition) => ledgerIn(partition, 3))
      const { topic } = await topicWith(aLog().many(9, ledgers), 3)
      const partitions: number[] = []
      await using _ = await running(topic, {
        eachBatch: ({ batch }) => {
          partitions.push(batch.partition)
          return Promise.reject(new TypeError('a bug'))
        },
      })
      await sleep(500)
      expect(partitions.length).toBeGreaterThan(1)
    })
  })

  describe('when a bit of a record was flipped', () => {
    const flipAmount = (apiKey: number, frame: Buffer) => {
      const at = apiKey === api.fetch ? frame.indexOf('"amount":"1250"') : -1
      if (at !== -1) frame.write('"amount":"9250"', at)
    }
    const json = '{"amount":"1250"}'

    it('delivers it all the same', async () => {
      const { topic } = await topicWith([aLog().next('acme', { json })])
      server.proxy.tamper = flipAmount
      const values: string[] = []
      const { promise: read, resolve } = Promise.withResolvers<void>()
      await using _ = await running(topic, {
        eachMessage: async ({ message }) => {
          values.push(String(message.value))
          resolve()
        },
      })
      await read
      expect(values).toEqual(['{"amount":"9250"}'])
    })

    it('the feed leaves it out', async () => {
      const log = aLog()
      const parts = await topicWith([log.next('acme', { json }), log.next('acme')])
      server.proxy.tamper = flipAmount
      const feed = openKafkaFeed(parts)
      const seen = await take(feed, (events) => events.length === 1)
      expect(seen.map(({ revision }) => revision)).toEqual([1n])
      expect(feed.counters().skipped).toBe(1)
    })
  })
})
