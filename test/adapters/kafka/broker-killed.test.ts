import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openKafkaFeed } from '#adapters/kafka/feed.ts'
import { openKafkaPublisher } from '#adapters/kafka/publisher.ts'
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
import { startKafka } from '#test/support/servers/kafka.ts'

describeWith(['kafka-process'], 'a broker that is killed in the middle of 20,000 records', () => {
  it('loses nothing and reorders nothing; what comes again comes in order', async () => {
    await using kafka = await startKafka()
    const parts = await aTopic(kafka.url, 4)
    await using publisher = await openKafkaPublisher(parts)
    const events = aLog().many(20_000, manyLedgers(40))
    const stop = new AbortController()
    const reader = new Reader()
    const following = patient(openKafkaFeed(parts)).run(async (batch) => {
      reader.take(batch)
      if (reader.distinct === events.length) stop.abort()
    }, stop.signal)
    const killing = (async () => {
      await sleep(150)
      await kafka.kill()
      await sleep(500)
      await kafka.restart()
    })()
    for (let from = 0; from < events.length; from += 2_000)
      await publisher.publish(events.slice(from, from + 2_000), never)
    await killing
    await following

    const records = await recordsOf(kafka.url, parts.topic)
    const stored = new Reader()
    stored.take(
      records.map(({ key, headers }) => ({
        stream: `ledger-${String(key)}`,
        revision: BigInt(String(headers?.['revision'])),
      })),
    )
    expect(stored.gaps).toEqual([])
    expect(stored.distinct).toBe(20_000)
    expect(reader.gaps).toEqual([])
    expect(reader.distinct).toBe(20_000)
    expect(publisher.counters().published).toBe(20_000)
    expect(publisher.counters().retries).toBeGreaterThan(0)
  }, 120_000)

  it('is waited for, with few lines in the log, and the publisher ends while it is away', async () => {
    await using kafka = await startKafka()
    const parts = await aTopic(kafka.url, 4)
    const publisher = await openKafkaPublisher(parts)
    const log = aLog()
    const ledgers = manyLedgers(40)
    await publisher.publish(log.many(100, ledgers), never)
    await kafka.kill()
    const stop = new AbortController()
    const publishing = publisher.publish(log.many(400, ledgers), stop.signal)
    await sleep(8_000)
    const { length } = parts.lines.filter(({ level }) => level !== 'debug')
    expect(length).toBeLessThan(40)
    await expect(publisher.check()).rejects.toThrow(/^Kafka at /)
    stop.abort(new Error('enough'))
    const before = performance.now()
    await expect(publishing).rejects.toThrow('enough')
    await publisher[Symbol.asyncDispose]()
    expect(performance.now() - before).toBeLessThan(3_000)
    expect(publisher.counters().published).toBe(100)
  }, 60_000)
})
