import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { withAdmin } from '#adapters/kafka/topic.ts'
import { kafkaConnection } from '#engine-urls.ts'
import {
  memoryMiB,
  readinessOf,
  RelayProcesses,
  statusOf,
  untilAsync,
} from '#test/faults/relay-processes.ts'
import { usually } from '#test/support/long-runs.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { type KafkaServer, startKafka } from '#test/support/servers/kafka.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

/** A lease, a look of the standby, and a machine that is busy with other things. */
const takeOverMsMax = 5_000 + 500 + 4_000
const handOverMsMax = 4_000
const pausedMs = 9_000
const outageMs = usually(6_000, { long: 60_000 })
const killRounds = usually(1, { long: 10 })
const stopRounds = usually(1, { long: 10 })
/** What a relay may need beside what it needed before: two pages and the rest of the runtime's habits. */
const growthMiBMax = 120
const testMsMax = usually(180_000, { long: 600_000 })

const isActive = async (relay: Parameters<typeof statusOf>[0]) =>
  (await statusOf(relay))?.state === 'active'

describeWith(['kafka'], 'two relays under load', (servers) => {
  it(
    'lose nothing when the active one is killed, again and again',
    async () => {
      await using processes = await RelayProcesses.open(servers.kafka().url)
      for (let kill = 0; kill < killRounds; kill += 1) {
        const active = await processes.active()
        const [standby] = processes.others(active).slice(-1)
        if (standby === undefined) throw new Error('there is no standby')
        expect((await statusOf(standby))?.state).toBe('standby')
        await sleep(1_500)
        await active.kill()
        await untilAsync(() => isActive(standby), takeOverMsMax)
        await processes.startRelay()
      }
      const { violations, events } = await processes.finish()
      expect(violations).toEqual([])
      expect(events).toBeGreaterThan(100)
    },
    testMsMax,
  )

  it(
    'hand over at once where the active one is stopped, and send nothing twice',
    async () => {
      await using processes = await RelayProcesses.open(servers.kafka().url)
      for (let stop = 0; stop < stopRounds; stop += 1) {
        const active = await processes.active()
        const [standby] = processes.others(active).slice(-1)
        if (standby === undefined) throw new Error('there is no standby')
        await sleep(1_000)
        const stopped = active.stop()
        await untilAsync(() => isActive(standby), handOverMsMax)
        expect(await stopped).toEqual({ code: 0, signal: null })
        await processes.startRelay()
      }
      const { violations, repeated } = await processes.finish()
      expect(violations).toEqual([])
      expect(repeated).toBe(0)
    },
    testMsMax,
  )

  it(
    'lose nothing and mix nothing up when the active one is paused for longer than its lease',
    async () => {
      await using processes = await RelayProcesses.open(servers.kafka().url)
      const paused = await processes.active()
      const [standby] = processes.others(paused)
      if (standby === undefined) throw new Error('there is no standby')
      await sleep(1_500)
      paused.signal('SIGSTOP')
      const resumed = sleep(pausedMs).then(() => paused.signal('SIGCONT'))
      await untilAsync(() => isActive(standby), takeOverMsMax)
      await resumed
      await untilAsync(async () => (await statusOf(paused))?.state === 'standby', 5_000)
      await sleep(2_000)
      expect((await statusOf(standby))?.state).toBe('active')
      const { violations } = await processes.finish()
      expect(violations).toEqual([])
    },
    testMsMax,
  )
})

describeWith(['kafka-process'], 'a broker that is away under load', () => {
  const opened = new AsyncDisposableStack()
  let kafka: KafkaServer

  beforeAll(async () => {
    kafka = opened.use(await startKafka())
  }, testMsMax)

  afterAll(() => opened.disposeAsync())

  it(
    'delays the relay, and nobody else',
    async () => {
      await using processes = await RelayProcesses.open(kafka.url)
      const active = await processes.active()
      const [standby] = processes.others(active)
      if (standby === undefined) throw new Error('there is no standby')
      const perSecond = async (ms: number) => {
        const { acknowledged } = processes.load
        await sleep(ms)
        return ((processes.load.acknowledged - acknowledged) * 1_000) / ms
      }
      const before = await perSecond(2_000)
      const memoryBefore = await memoryMiB(active)

      await kafka.kill()
      let memoryMost = 0
      const endMs = performance.now() + outageMs
      const rates: number[] = []
      while (performance.now() < endMs) {
        rates.push(await perSecond(2_000))
        memoryMost = Math.max(memoryMost, await memoryMiB(active))
      }
      const during = await statusOf(active)
      expect(await readinessOf(active)).toBe(503)
      expect((await statusOf(standby))?.state).toBe('standby')
      await kafka.restart()
      await untilAsync(async () => {
        const status = await statusOf(active)
        return status !== undefined && status.lagSeconds < 3
      }, 60_000)

      expect(during?.lagSeconds).toBeGreaterThan((outageMs - 5_000) / 1_000)
      expect(memoryMost - memoryBefore).toBeLessThan(growthMiBMax)
      const average = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
      expect(average).toBeGreaterThan(before / 2)
      const { violations } = await processes.finish()
      expect(violations).toEqual([])
    },
    testMsMax,
  )

  it(
    'keeps no relay from ending, and the next one goes on',
    async () => {
      await using processes = await RelayProcesses.open(kafka.url)
      const active = await processes.active()
      const [standby] = processes.others(active)
      if (standby === undefined) throw new Error('there is no standby')
      await kafka.kill()
      await sleep(2_000)
      expect(await active.stop()).toEqual({ code: 0, signal: null })
      await untilAsync(() => isActive(standby), handOverMsMax)
      await kafka.restart()
      const { violations } = await processes.finish()
      expect(violations).toEqual([])
    },
    testMsMax,
  )
})

describeWith(['kafka'], 'a relay whose topic is given more partitions', (servers) => {
  it(
    'is not ready any more: ledgers would change partition',
    async () => {
      const { url } = servers.kafka()
      await using folder = await temporaryFolder()
      const topic = `${aNamespace()}.events`
      const settings = {
        DAYBOOK_FEED: url,
        DAYBOOK_KAFKA_TOPIC: topic,
        DAYBOOK_KAFKA_PARTITIONS: '2',
      }
      await using relay = await startProgram(folder.path, settings, 'relay')
      expect(await readinessOf(relay)).toBe(200)
      const { logger } = recordingLogger()
      await withAdmin({ connection: kafkaConnection(url), topic, logger }, (admin) =>
        admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }),
      )
      await untilAsync(async () => (await readinessOf(relay)) === 503, 10_000)
    },
    testMsMax,
  )
})
