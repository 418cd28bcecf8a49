import { expect, it } from 'vitest'
import { describeTopic, ensureTopic, partitionCount } from '#adapters/kafka/topic.ts'
import { connectionOf, plainKafka } from '#test/adapters/kafka/topics.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

describeWith(['kafka'], 'the topic', (servers) => {
  const wanted = () => {
    const { logger, lines } = recordingLogger()
    const connection = connectionOf(servers.kafka().url)
    const topic = aNamespace()
    return { connection, topic, partitions: 3, replicationFactor: 1, logger, lines }
  }
  const created = async (topic: string, settings: Readonly<Record<string, string>>) => {
    const admin = plainKafka(servers.kafka().url).admin()
    await admin.connect()
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
    await admin.createTopics({ topics: [{ topic, numPartitions: 3, configEntries }] })
    await admin.disconnect()
  }

  it('is created where there is none, and keeps its events for ever', async () => {
    const parts = wanted()
    expect(await ensureTopic(parts)).toEqual({ partitions: 3, warnings: [] })
    expect(await partitionCount(parts)).toBe(3)
    // The second time it is checked, and found to be as wanted.
    expect(await ensureTopic(parts)).toEqual({ partitions: 3, warnings: [] })
    expect(parts.lines.map(({ message }) => message)).toEqual(['topic created'])
  })

  it('is created once, however many ask', async () => {
    const parts = wanted()
    const states = await Promise.all(Array.from({ length: 4 }, () => ensureTopic(parts)))
    expect(states).toEqual(Array.from({ length: 4 }, () => ({ partitions: 3, warnings: [] })))
  })

  it('keeps its number of partitions, with a warning where another is configured', async () => {
    const parts = wanted()
    await ensureTopic(parts)
    const { partitions, warnings } = await ensureTopic({ ...parts, partitions: 12 })
    expect(partitions).toBe(3)
    expect(warnings).toEqual([expect.stringContaining('has 3 partitions, not 12 as configured')])
    expect(parts.lines.at(-1)).toMatchObject({ level: 'warn', message: warnings[0] })
  })

  it('is reported where it would lose events', async () => {
    const parts = wanted()
    await created(parts.topic, { 'retention.ms': '60000', 'cleanup.policy': 'compact,delete' })
    const { warnings } = await ensureTopic({ ...parts, replicationFactor: 3 })
    expect(warnings).toEqual([
      expect.stringContaining('keeps 1 replicas, not 3'),
      expect.stringContaining('forgets events (retention.ms set)'),
      expect.stringContaining('is compacted'),
    ])
  })

  it('is not created where the broker cannot hold so many replicas', async () => {
    await expect(ensureTopic({ ...wanted(), replicationFactor: 3 })).rejects.toThrow(
      /^Kafka at .*replica/i,
    )
  })

  it('is missed where nobody made it', async () => {
    await expect(partitionCount(wanted())).rejects.toThrow(/has no topic/)
  })

  it('is not looked for long where no broker listens', async () => {
    const before = performance.now()
    const connection = connectionOf('kafka://user:hunter2@127.0.0.1:1')
    const failing = ensureTopic({ ...wanted(), connection })
    await expect(failing).rejects.toThrow(/^Kafka at 127\.0\.0\.1:1: /)
    await expect(failing).rejects.not.toThrow(/hunter2/)
    expect(performance.now() - before).toBeLessThan(10_000)
  })
})

it('is asked about again while the broker that is asked does not know it yet', async () => {
  const unknown = Object.assign(new Error('This server does not host this topic-partition'), {
    type: 'UNKNOWN_TOPIC_OR_PARTITION',
  })
  const left = { metadata: 2, configs: 2 }
  const partition = {
    partitionErrorCode: 0,
    partitionId: 0,
    leader: 1,
    replicas: [1],
    isr: [1],
  }
  const { logger } = recordingLogger()
  const connection = connectionOf('kafka://127.0.0.1:1')
  const wanted = { connection, topic: 'new', partitions: 1, replicationFactor: 1, logger }
  const admin = {
    async fetchTopicMetadata() {
      if (left.metadata-- > 0) throw unknown
      return { topics: [{ name: 'new', partitions: [partition] }] }
    },
    async describeConfigs() {
      if (left.configs-- > 0) throw unknown
      return { resources: [], throttleTime: 0 }
    },
  }
  expect(await describeTopic(admin, wanted)).toMatchObject({ partitions: 1 })
  expect(left).toEqual({ metadata: -3, configs: -1 })
})
