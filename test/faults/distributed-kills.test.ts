import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Role } from '#compose/roles.ts'
import { LoadedCluster } from '#test/faults/distributed-cluster.ts'
import { expectTopicIsLog } from '#test/faults/distributed-topic.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import type { ClusterSize } from '#test/support/cluster.ts'
import { usually } from '#test/support/long-runs.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const size: ClusterSize = { api: 2, relay: 2, projector: 2, sweeper: 1 }
const roles: readonly Role[] = ['api', 'relay', 'projector', 'sweeper']
const kills = usually(4, { long: 200 })
/** Two at a time, each at random up to this long after the last two were made good. */
const pauseMsMax = 400

describeWith(
  ['eventstoredb', 'kafka', 'mongodb'],
  'a distributed Daybook under load',
  (servers) => {
    const opened = new AsyncDisposableStack()
    let loaded: LoadedCluster

    beforeAll(async () => {
      loaded = opened.use(await LoadedCluster.open(clusterSettings(servers), size))
    }, 120_000)

    afterAll(() => opened.disposeAsync())

    it('has kept everything it said, and nothing else, after any of its processes was killed, again and again', async () => {
      const { cluster, load } = loaded
      await loaded.drive()
      const killOneOf = async (some: readonly Role[]) => {
        const role = some[Math.floor(Math.random() * some.length)] ?? 'api'
        await sleep(Math.random() * pauseMsMax)
        await cluster.replace(role, Math.floor(Math.random() * size[role]))
      }
      for (let kill = 0; kill < kills; kill += 2)
        await Promise.all([killOneOf(['api', 'sweeper']), killOneOf(['relay', 'projector'])])
      await loaded.expectSound()
      expect(load.acknowledged).toBeGreaterThan(kills)
      await expectTopicIsLog(cluster, servers.kafka().url)
    }, 600_000)

    it('loses nothing when each process is told to stop, and each ends with 0; nor when all are restarted', async () => {
      const { cluster } = loaded
      await loaded.drive()
      for (const role of roles)
        for (const [index, program] of cluster.processes(role).entries()) {
          expect([role, await program.stop()]).toEqual([role, { code: 0, signal: null }])
          await cluster.replace(role, index)
        }
      await loaded.expectSound()
      await loaded.drive()
      await cluster.restart()
      await loaded.expectSound()
      await expectTopicIsLog(cluster, servers.kafka().url)
    }, 600_000)
  },
)
