import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LoadedCluster, readiness, until } from '#test/faults/distributed-cluster.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import type { ClusterSize } from '#test/support/cluster.ts'
import { startProxy, type TcpProxy } from '#test/support/proxy.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const size: ClusterSize = { api: 2, relay: 1, projector: 1, sweeper: 1 }
const load = { ledgerIds: ['north', 'south'] }
/** Longer than anybody waits for an append. */
const silentMs = 7_000
const downMs = 3_000
const cuts = 12
const recoveredMsMax = 60_000

describeWith(
  ['eventstoredb', 'kafka', 'mongodb'],
  'while the way to the event store is bad',
  (servers) => {
    const opened = new AsyncDisposableStack()
    let proxy: TcpProxy
    let loaded: LoadedCluster

    beforeAll(async () => {
      const { url, kind } = servers.eventstoredb()
      proxy = opened.use(await startProxy(new URL(url.replace('esdb', 'http')).host))
      const through = url.replace(new URL(url.replace('esdb', 'http')).host, proxy.address)
      const settings = clusterSettings({ ...servers, eventstoredb: () => ({ url: through, kind }) })
      loaded = opened.use(await LoadedCluster.open(settings, size, load))
    }, 120_000)

    afterAll(() => opened.disposeAsync())

    const faults: readonly [string, () => void | Promise<void>][] = [
      [
        'nothing comes through',
        async () => {
          proxy.blackhole()
          await sleep(silentMs)
          await proxy.heal()
        },
      ],
      [
        'answers don’t come through and are lost',
        async () => {
          proxy.hold('responses')
          await sleep(silentMs)
          proxy.cut()
          await proxy.heal()
        },
      ],
      [
        'connections break in the middle of a frame',
        async () => {
          for (let cut = 0; cut < cuts; cut += 1) {
            const direction = cut % 2 === 0 ? 'responses' : 'requests'
            proxy.cutAfter(1 + Math.floor(Math.random() * 3_000), direction)
            await sleep(150)
          }
          await proxy.heal()
        },
      ],
      [
        'nobody is there',
        async () => {
          await proxy.refuse()
          const { url } = loaded.cluster.process('api')
          await until(async () => (await readiness(url)).status === 503, recoveredMsMax)
          expect((await readiness(url)).text).toContain('"event-store":"down"')
          await sleep(downMs)
          await proxy.heal()
        },
      ],
    ]

    it.each(faults)(
      'so that %s, nothing that was acknowledged is lost and nothing is done twice',
      async (_name, fail) => {
        await loaded.drive()
        await fail()
        const before = loaded.load.acknowledged
        expect(await loaded.load.acknowledges(before, recoveredMsMax)).toBe(true)
        await loaded.expectSound()
      },
      180_000,
    )
  },
)
