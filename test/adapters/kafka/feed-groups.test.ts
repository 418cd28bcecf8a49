import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openKafkaFeed } from '#adapters/kafka/feed.ts'
import { openKafkaPublisher } from '#adapters/kafka/publisher.ts'
import type { WorkerLine } from '#test/adapters/kafka/feed-worker.ts'
import { aLog, aTopic, manyLedgers, never, patient, Reader } from '#test/adapters/kafka/topics.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const partitions = 6
const ledgers = manyLedgers(60)

describeWith(['kafka'], 'workers of one group', (servers) => {
  const aGroup = async () => {
    const parts = await aTopic(servers.kafka().url, partitions)
    return { ...parts, publisher: await openKafkaPublisher(parts), log: aLog() }
  }

  it('share the partitions', async () => {
    const { publisher, log, ...parts } = await aGroup()
    await using _ = publisher
    const stop = new AbortController()
    const seen = [new Set<string>(), new Set<string>()]
    const runs = seen.map((streams) =>
      patient(openKafkaFeed(parts)).run(async (batch) => {
        for (const { stream } of batch) streams.add(stream)
      }, stop.signal),
    )
    // Each round is handled before the next one, until the group has settled with a share for each.
    let shared = false
    for (let round = 0; round < 60 && !shared; round += 1) {
      for (const streams of seen) streams.clear()
      await publisher.publish(log.many(60, ledgers), never)
      await sleep(150)
      const [one, two] = seen
      shared = one?.isDisjointFrom(two ?? new Set()) === true && one.size > 0 && one.size < 60
    }
    stop.abort()
    await Promise.all(runs)
    expect(shared).toBe(true)
  })

  it('take over at once from one that leaves', async () => {
    const { publisher, log, ...parts } = await aGroup()
    await using _ = publisher
    await publisher.publish(log.many(60, ledgers), never)
    const first = new AbortController()
    await patient(openKafkaFeed(parts)).run(async () => first.abort(), first.signal)
    const second = new AbortController()
    const before = performance.now()
    await patient(openKafkaFeed(parts)).run(async () => second.abort(), second.signal)
    expect(performance.now() - before).toBeLessThan(5_000)
  })

  it('take over within seconds from one that was killed', async () => {
    const { publisher, log, ...parts } = await aGroup()
    await using _ = publisher
    await publisher.publish(log.many(60, ledgers), never)
    const worker = join(import.meta.dirname, 'feed-worker.ts')
    const given = [worker, servers.kafka().url, parts.topic, parts.groupId]
    const child = spawn(process.execPath, given, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [text] = await once(createInterface({ input: child.stdout }), 'line')
    const line: WorkerLine = JSON.parse(String(text))
    expect(line.took).toBeGreaterThan(0)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const before = performance.now()
    const stop = new AbortController()
    const reader = new Reader()
    await patient(openKafkaFeed(parts)).run(async (batch) => {
      reader.take(batch)
      if (reader.distinct === 60) stop.abort()
    }, stop.signal)
    expect(reader.gaps).toEqual([])
    expect(performance.now() - before).toBeLessThan(20_000)
  })

  it('lose nothing while others come and go', async () => {
    const { publisher, log, ...parts } = await aGroup()
    await using _ = publisher
    const count = 6_000
    const reader = new Reader()
    const { promise: all, resolve } = Promise.withResolvers<void>()
    const stop = new AbortController()
    const worker = async () => {
      while (!stop.signal.aborted) {
        const shift = AbortSignal.any([stop.signal, AbortSignal.timeout(randomInt(500, 2_000))])
        await patient(openKafkaFeed({ ...parts, limits: { batchEvents: 100 } })).run(
          async (batch) => {
            await sleep(Math.random() * 20)
            reader.take(batch)
            if (reader.distinct === count) resolve()
          },
          shift,
        )
      }
    }
    const workers = [worker(), worker(), worker()]
    for (let sent = 0; sent < count; sent += 300) {
      await publisher.publish(log.many(300, ledgers), never)
      await sleep(200)
    }
    await all
    stop.abort()
    await Promise.all(workers)
    expect(reader.distinct).toBe(count)
    expect(reader.gaps).toEqual([])
  }, 90_000)
})
