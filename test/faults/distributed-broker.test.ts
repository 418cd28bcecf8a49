import { afterAll, beforeAll, expect, it } from 'vitest'
import { LoadedCluster, readiness, ready, until } from '#test/faults/distributed-cluster.ts'
import { expectTopicIsLog } from '#test/faults/distributed-topic.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { usually } from '#test/support/long-runs.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'
import {
  type KafkaBehindProxy,
  startKafkaBehindProxy,
} from '#test/support/servers/kafka-behind-proxy.ts'

const downMs = usually(5_000, { long: 60_000 })
const pausedMs = 7_000
const cuts = usually(4, { long: 60 })
const cutPauseMs = 300
/** Bytes until the next cut: in the middle of what is under way. */
const cutBytesMax = 4_000
/** On a machine that does much else. */
const answerMsMax = 10_000
/** The usual answer may take so much longer than before. */
const slowerMax = 5
const slowerMsMax = 500
const noticedMsMax = 60_000

describeWith(
  ['eventstoredb', 'kafka', 'kafka-process', 'mongodb'],
  'while the broker fails',
  (servers) => {
    const opened = new AsyncDisposableStack()
    let broker: KafkaBehindProxy
    let loaded: LoadedCluster

    beforeAll(async () => {
      broker = opened.use(await startKafkaBehindProxy())
      const settings = { ...clusterSettings(servers), DAYBOOK_FEED: broker.url }
      const size = { api: 2, relay: usually(1, { long: 2 }), projector: 2, sweeper: 1 }
      loaded = opened.use(await LoadedCluster.open(settings, size))
    }, 120_000)

    afterAll(() => opened.disposeAsync())

    /** Every command is answered, soon, and with what came of it. */
    const expectUnaffected = async (forMs: number) => {
      const { load } = loaded
      const usualMs = median(load.answersMs)
      const before = load.answersMs.length
      for (const begun = performance.now(); performance.now() - begun < forMs; )
        expect(await load.acknowledges(load.acknowledged, answerMsMax)).toBe(true)
      const takenMs = load.answersMs.slice(before)
      expect(Math.max(...takenMs)).toBeLessThan(answerMsMax)
      expect(median(takenMs)).toBeLessThan(slowerMax * usualMs + slowerMsMax)
    }

    const expectAllAnswered = async () => {
      await loaded.rest()
      const open = loaded.load.attempts.filter(({ acknowledged }) => acknowledged === undefined)
      expect(open).toEqual([])
    }

    const expectSound = async () => {
      await expectAllAnswered()
      await loaded.expectSound()
      await expectTopicIsLog(loaded.cluster, broker.kafka.directUrl)
    }

    it('by being down, commands are answered as ever, and what follows catches up', async () => {
      await loaded.drive()
      await broker.kafka.kill()
      const down = expectUnaffected(downMs)
      const [api, relay] = [loaded.cluster.process('api'), loaded.cluster.process('relay')]
      await until(async () => (await readiness(relay.url)).status === 503, noticedMsMax)
      expect((await readiness(relay.url)).text).toContain('"broker":"down"')
      expect((await readiness(api.url)).status).toBe(200)
      await down
      await broker.kafka.restart()
      await ready(relay)
      await expectSound()
    }, 240_000)

    it('by saying nothing, the same, and who is told to stop meanwhile does', async () => {
      const { cluster } = loaded
      await loaded.drive()
      broker.kafka.pause()
      await expectUnaffected(pausedMs)
      for (const role of ['relay', 'projector'] as const)
        expect(await cluster.process(role).stop()).toEqual({ code: 0, signal: null })
      broker.kafka.resume()
      for (const role of ['relay', 'projector'] as const) await cluster.replace(role)
      await expectSound()
    }, 240_000)

    it('by losing connections in the middle of what they carry, the same', async () => {
      await loaded.drive()
      for (let cut = 0; cut < cuts; cut += 1) {
        const direction = cut % 2 === 0 ? 'responses' : 'requests'
        broker.proxy.cutAfter(1 + Math.floor(Math.random() * cutBytesMax), direction)
        await expectUnaffected(cutPauseMs)
      }
      await broker.proxy.heal()
      await expectSound()
    }, 240_000)
  },
)

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
