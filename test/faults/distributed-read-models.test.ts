import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LoadedCluster, readiness, ready, until } from '#test/faults/distributed-cluster.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { startProxy, type TcpProxy } from '#test/support/proxy.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const downMs = 6_000
const silentMs = 8_000
const answerMsMax = 10_000
const noticedMsMax = 60_000
const rebuiltMsMax = 60_000

describeWith(['eventstoredb', 'kafka', 'mongodb'], 'while the read models fail', (servers) => {
  const opened = new AsyncDisposableStack()
  let proxy: TcpProxy
  let loaded: LoadedCluster

  beforeAll(async () => {
    const { url } = servers.mongodb()
    proxy = opened.use(await startProxy(new URL(url).host))
    const settings = { ...clusterSettings(servers), DAYBOOK_READ_MODELS: proxy.through(url) }
    const size = { api: 2, relay: 1, projector: 2, sweeper: 1 }
    loaded = opened.use(await LoadedCluster.open(settings, size))
  }, 120_000)

  afterAll(() => opened.disposeAsync())

  const accounts = () => `${loaded.cluster.process('api').url}/v1/ledgers/north/accounts`

  const expectUnaffected = async (forMs: number) => {
    const { load } = loaded
    for (const begun = performance.now(); performance.now() - begun < forMs; )
      expect(await load.acknowledges(load.acknowledged, answerMsMax)).toBe(true)
  }

  it.each([
    ['being down', () => proxy.refuse(), downMs],
    ['saying nothing', async () => proxy.blackhole(), silentMs],
  ])(
    'by %s, commands are answered, queries say that they can’t be, and all is well afterwards',
    async (_name, fail, forMs) => {
      await loaded.drive()
      await fail()
      const unaffected = expectUnaffected(forMs)
      const { url } = loaded.cluster.process('api')
      await until(async () => (await readiness(url)).status === 503, noticedMsMax)
      expect((await readiness(url)).text).toContain('"read-models":"down"')
      const query = await fetch(accounts())
      expect([query.status, await query.text()]).toEqual([
        503,
        expect.stringContaining('"code":"unavailable"'),
      ])
      await unaffected
      await loaded.rest()
      const { attempts } = loaded.load
      expect(attempts.filter(({ acknowledged }) => acknowledged === undefined)).toEqual([])
      // Who is told to stop meanwhile does.
      const { cluster } = loaded
      for (const role of ['projector', 'sweeper', 'api'] as const)
        expect([role, await cluster.process(role).stop()]).toEqual([
          role,
          { code: 0, signal: null },
        ])
      await proxy.heal()
      for (const role of ['projector', 'sweeper', 'api'] as const) await cluster.replace(role)
      await loaded.expectSound()
    },
    240_000,
  )

  it('by losing connections again and again, the same', async () => {
    await loaded.drive()
    for (let cut = 0; cut < 15; cut += 1) {
      proxy.cutAfter(1 + Math.floor(Math.random() * 20_000), cut % 2 ? 'requests' : 'responses')
      await sleep(200)
    }
    await proxy.heal()
    await loaded.expectSound()
  }, 240_000)

  it('by being gone altogether, they are made anew from the log by projectors that start', async () => {
    await loaded.expectSound()
    const { cluster } = loaded
    await using client = await MongoClient.connect(servers.mongodb().url)
    await client.db(cluster.settings['DAYBOOK_NAMESPACE']).dropDatabase()
    await Promise.all([cluster.replace('projector', 0), cluster.replace('projector', 1)])
    await ready(cluster.process('projector'))
    using api = new ApiClient(cluster.process('api').url)
    for (const ledgerId of loaded.load.ledgerIds) {
      const { revision } = await api.get(`/v1/ledgers/${ledgerId}/events?limit=1`)
      await until(async () => {
        const path = `/v1/ledgers/${ledgerId}`
        return (await api.get(path, { 'min-revision': `${revision}` })).status === 200
      }, rebuiltMsMax)
    }
    await loaded.drive()
    await loaded.expectSound()
  }, 240_000)
})
