import { afterAll, beforeAll, expect, it } from 'vitest'
import { openLog } from '#compose/stores.ts'
import { parseConfig } from '#config.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { until } from '#test/faults/distributed-cluster.ts'
import { daybook } from '#test/cli/daybook.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { type Cluster, oneOfEach, openCluster } from '#test/support/cluster.ts'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { temporaryFolder } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { rewritten } from '#test/support/stored-events.ts'

const parkedMsMax = 60_000

describeWith(
  ['eventstoredb', 'kafka', 'mongodb'],
  'an event that somebody else put into the log',
  (servers) => {
    const opened = new AsyncDisposableStack()
    let cluster: Cluster
    let api: ApiClient

    beforeAll(async () => {
      cluster = opened.use(await openCluster(clusterSettings(servers), oneOfEach))
      api = opened.use(new ApiClient(cluster.process('api').url))
    }, 120_000)

    afterAll(() => opened.disposeAsync())

    /** After the last event of the ledger; `change` makes it poison. */
    const append = async (ledgerId: string, change: (event: object) => object) => {
      const { logger } = recordingLogger()
      await using store = await openLog(parseConfig(cluster.settings), logger)
      const stream = ledgerStream(ledgerId)
      const head = await store.head(stream)
      if (head === 'no-stream') throw new Error(`there is no ${ledgerId}`)
      const [last] = await store.readStream(stream, head, 1)
      if (last === undefined) throw new Error(`the last event of ${ledgerId} is missing`)
      const { id, type, json } = rewritten(last, (text) =>
        JSON.stringify(change({ ...JSON.parse(text), revision: `${head + 1n}` })),
      )
      await store.append(stream, [{ id, type, json }], head)
      return head + 1n
    }

    const parked = async (ledgerId: string, list: string) => {
      const answer = await api.send({
        method: 'GET',
        path: `/v1/ledgers/${ledgerId}/${list}`,
        headers: {},
      })
      return answer.status === 503 && answer.at('code') === 'parked'
    }

    const others = async (name: string) => {
      const load = new Load([name], name, 5)
      await load.prepare(api)
      const stop = new AbortController()
      const running = load.run(api, stop.signal, 2)
      await load.acknowledges(30, parkedMsMax)
      stop.abort()
      await running
      await load.settle(api)
      expect(await checkLedger(api, name, load.attempts)).toEqual([])
    }

    it('and that no program knows parks its ledger in all read models; other ledgers go on', async () => {
      await new Load(['unknown'], 'unknown').prepare(api)
      const revision = await append('unknown', (event) => ({ ...event, type: 'TheftPlanned' }))
      await until(() => parked('unknown', 'accounts'), parkedMsMax)
      for (const list of ['accounts', 'transactions', 'holds', 'commands', 'trial-balance'])
        await until(() => parked('unknown', list), parkedMsMax)
      await others('beside-unknown')
      const projections = (await api.get('/v1/projections')).text
      expect(projections).toContain(`"ledgerId":"unknown","revision":"${revision}"`)
      expect(projections).toContain('unknown event type TheftPlanned')
      expect(projections).not.toContain('beside-unknown')
    }, 180_000)

    it('and that contradicts one read model parks its ledger in that one alone, also after a restart', async () => {
      await new Load(['odd'], 'odd').prepare(api)
      const freeze = { accountId: 'nobody', direction: 'both', reason: 'poison' }
      const revision = await append('odd', (event) => ({
        ...event,
        type: 'AccountFrozen',
        data: freeze,
      }))
      const check = async () => {
        await until(() => parked('odd', 'accounts'), parkedMsMax)
        const commands = await api.get('/v1/ledgers/odd/commands?limit=1', {
          'min-revision': `${revision}`,
        })
        expect([commands.status, commands.at('data', 0, 'command')]).toEqual([200, 'FreezeAccount'])
        expect((await api.get('/v1/ledgers/odd/transactions')).status).toBe(200)
      }
      await check()
      await cluster.replace('projector')
      await check()
      await others('beside-odd')
    }, 180_000)

    it('is tried again, or gone past for good, by whoever says why, from any machine', async () => {
      await new Load(['forged'], 'forged').prepare(api)
      const data = { accountId: 'nobody', direction: 'both', reason: 'poison' }
      const type = 'AccountFrozen'
      const revision = await append('forged', (event) => ({ ...event, type, data }))
      await until(() => parked('forged', 'accounts'), parkedMsMax)
      await using folder = await temporaryFolder()
      const run = (act: string, ...given: readonly string[]) =>
        daybook(
          [
            'projections',
            act,
            'accounts',
            'forged',
            ...given,
            '--actor',
            'ops',
            '--reason',
            'INC-7',
          ],
          { folder: folder.path, settings: cluster.settings },
        )
      const retried = await run('retry')
      expect([retried.code, retried.stdout]).toEqual([
        1,
        expect.stringContaining(`forged is parked in accounts at revision ${revision}: `),
      ])
      const skipped = await run('skip', '--revision', `${revision}`)
      expect([skipped.code, skipped.stdout]).toEqual([
        0,
        `forged goes on in accounts, now at revision ${revision}.\n`,
      ])
      const accounts = await api.get('/v1/ledgers/forged/accounts')
      expect([accounts.status, accounts.headers['ledger-revision']]).toEqual([200, `${revision}`])
      expect((await api.get('/v1/projections')).text).toContain(
        `"skippedEvents":[{"ledgerId":"forged","revision":"${revision}","actor":"ops"`,
      )
    }, 180_000)
  },
)
