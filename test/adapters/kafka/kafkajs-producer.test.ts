import type { Message, Producer } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openKafkaPublisher } from '#adapters/kafka/publisher.ts'
import { api, type Fate } from '#test/adapters/kafka/frame-proxy.ts'
import { type ProxiedKafka, startProxiedKafka } from '#test/adapters/kafka/proxied-kafka.ts'
import { aLog, aTopic, never, plainKafka, valuesOf } from '#test/adapters/kafka/topics.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

// Each fault is shown with kafkajs used as its documentation has it, and then that the publisher doesn't have it.

describeWith(['kafka-process'], 'kafkajs 2.2.4, producing', () => {
  let server: ProxiedKafka
  beforeAll(async () => {
    server = await startProxiedKafka()
  }, 120_000)
  afterAll(() => server[Symbol.asyncDispose]())
  beforeEach(() => {
    server.proxy.answers = () => 'pass'
  })

  const producerOf = (retries: number): Producer =>
    plainKafka(server.url, {
      retry: { initialRetryTime: 50, maxRetryTime: 100, retries },
    }).producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: () => () => 0,
    })
  /** So many answers to requests to store something are lost; what was asked is stored. */
  const loseProduceAnswers = (count: number, fate: Fate = 'lose') => {
    let left = count
    server.proxy.answers = (apiKey) => (apiKey === api.produce && left-- > 0 ? fate : 'pass')
  }
  const messages = (...values: readonly string[]): Message[] => values.map((value) => ({ value }))

  describe('when two sends overlap and the answer to the first one is lost', () => {
    it('stores one of them twice and the other never, and says that both are stored', async () => {
      const { topic } = await aTopic(server.url)
      const producer = producerOf(5)
      await producer.connect()
      loseProduceAnswers(1)
      await Promise.all([
        producer.send({ topic, messages: messages('A') }),
        producer.send({ topic, messages: messages('B') }),
      ])
      await producer.disconnect()
      const values = await valuesOf(server.url, topic)
      expect(values).toHaveLength(2)
      expect(values[0]).toBe(values[1])
    })

    it('the publisher sends one after the other, and stores both', async () => {
      const parts = await aTopic(server.url)
      await using publisher = await openKafkaPublisher({ ...parts, limits: { chunkEvents: 1 } })
      const [a, b] = aLog().many(2, ['acme'])
      if (a === undefined || b === undefined) throw new Error('no events')
      loseProduceAnswers(1)
      await publisher.publish([a, b], never)
      const values = await valuesOf(server.url, parts.topic)
      expect([...new Set(values)]).toEqual([a.json, b.json])
    })

    it('the publisher takes no second call meanwhile', async () => {
      const parts = await aTopic(server.url)
      await using publisher = await openKafkaPublisher(parts)
      const log = aLog()
      const first = publisher.publish(log.many(2, ['acme']), never)
      await expect(publisher.publish(log.many(2, ['acme']), never)).rejects.toThrow('one call')
      await first
    })
  })

  describe('when a send was given up though it was stored', () => {
    const five = messages('A1', 'A2', 'A3', 'A4', 'A5')
    const fiveMore = messages('B1', 'B2', 'B3', 'B4', 'B5')

    it('loses the whole next batch and says that it is stored', async () => {
      const { topic } = await aTopic(server.url)
      const producer = producerOf(1)
      await producer.connect()
      loseProduceAnswers(2)
      await expect(producer.send({ topic, messages: five })).rejects.toThrow()
      await producer.send({ topic, messages: fiveMore })
      await producer.disconnect()
      expect(await valuesOf(server.url, topic)).toEqual(['A1', 'A2', 'A3', 'A4', 'A5'])
    })

    it('loses it also after the same instance was connected again', async () => {
      const { topic } = await aTopic(server.url)
      const producer = producerOf(1)
      await producer.connect()
      loseProduceAnswers(2)
      await expect(producer.send({ topic, messages: five })).rejects.toThrow()
      await producer.disconnect()
      await producer.connect()
      await producer.send({ topic, messages: fiveMore })
      await producer.disconnect()
      expect(await valuesOf(server.url, topic)).toHaveLength(5)
    })

    it('the publisher sends the same chunk again through a new producer, and loses nothing', async () => {
      const parts = await aTopic(server.url)
      await using publisher = await openKafkaPublisher({ ...parts, limits: { chunkEvents: 5 } })
      const events = aLog().many(15, ['acme'])
      // More than kafkajs tries by itself, so that the producer is thrown away.
      loseProduceAnswers(8)
      await publisher.publish(events, never)
      const values = await valuesOf(server.url, parts.topic)
      expect([...new Set(values)]).toEqual(events.map(({ json }) => json))
      expect(publisher.counters()).toEqual({ published: 15, retries: 1 })
      expect(values.length).toBe(20)
    })
  })

  describe('when the broker is silent', () => {
    it('hangs in disconnect', async () => {
      const { topic } = await aTopic(server.url)
      const producer = producerOf(1)
      await producer.connect()
      loseProduceAnswers(1, 'swallow')
      const sending = producer.send({ topic, messages: messages('A') }).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 100))
      const closing = producer.disconnect().then(() => 'closed')
      const waiting = new Promise((resolve) => setTimeout(resolve, 2_000, 'hangs'))
      expect(await Promise.race([closing, waiting])).toBe('hangs')
      server.proxy.cut()
      await Promise.all([sending, closing])
    })

    it('the publisher closes within its bound', async () => {
      const parts = await aTopic(server.url)
      const publisher = await openKafkaPublisher({ ...parts, limits: { closeTimeoutMs: 300 } })
      const stop = new AbortController()
      loseProduceAnswers(1, 'swallow')
      const publishing = publisher.publish(aLog().many(1, ['acme']), stop.signal)
      setTimeout(() => stop.abort(new Error('enough')), 200)
      await expect(publishing).rejects.toThrow('enough')
      const before = performance.now()
      await publisher[Symbol.asyncDispose]()
      expect(performance.now() - before).toBeLessThan(1_000)
    })

    it('the publisher that is closed meanwhile gives up', async () => {
      const parts = await aTopic(server.url)
      const publisher = await openKafkaPublisher(parts)
      loseProduceAnswers(1, 'swallow')
      const publishing = publisher.publish(aLog().many(1, ['acme']), never)
      await Promise.all([
        expect(publishing).rejects.toThrow('closed'),
        publisher[Symbol.asyncDispose](),
      ])
      await expect(publisher.publish([], never)).rejects.toThrow('closed')
    })

    it('the publisher waits no longer than its own deadline, and sends again', async () => {
      const parts = await aTopic(server.url)
      const limits = { sendTimeoutMs: 500, chunkEvents: 3 }
      await using publisher = await openKafkaPublisher({ ...parts, limits })
      const events = aLog().many(6, ['acme'])
      loseProduceAnswers(2, 'swallow')
      await publisher.publish(events, never)
      const values = await valuesOf(server.url, parts.topic)
      expect([...new Set(values)]).toEqual(events.map(({ json }) => json))
      expect(publisher.counters().retries).toBe(2)
    })

    it('nothing of a producer that was thrown away arrives later', async () => {
      const parts = await aTopic(server.url)
      const limits = { sendTimeoutMs: 300 }
      await using publisher = await openKafkaPublisher({ ...parts, limits })
      loseProduceAnswers(1, 'swallow')
      await publisher.publish(aLog().many(1, ['acme']), never)
      const { length } = await valuesOf(server.url, parts.topic)
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      expect(await valuesOf(server.url, parts.topic)).toHaveLength(length)
    })
  })
})
