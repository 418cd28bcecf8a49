import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'
import type { Role } from '#compose/roles.ts'
import { allProjections } from '#projections/all-projections.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { type Cluster, openCluster } from '#test/support/cluster.ts'
import { type Program, runProgram, type Settings, startProgram } from '#test/support/program.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

const playMsMax = 120_000
const caughtUp = { timeout: 60_000, interval: 250 }
const relayStatus = z.object({ data: z.object({ lagEvents: z.number() }) })
const projectionStatuses = z.object({ data: z.array(z.object({ lagEvents: z.number() })) })

/** What the guide tells an operator to do, done. */
describeWith(
  ['eventstoredb', 'kafka', 'mongodb'],
  'operating the distributed engine',
  (servers) => {
    it('moves to a topic with more partitions while it serves', {
      timeout: playMsMax,
    }, async () => {
      await using cluster = await openCluster(clusterSettings(servers))
      const api = cluster.process('api').url
      await open(api, 'before')
      const settings = {
        DAYBOOK_KAFKA_TOPIC: `${cluster.settings['DAYBOOK_NAMESPACE']}.events.v2`,
        DAYBOOK_KAFKA_PARTITIONS: '5',
      }
      await using relay = await beside(cluster, 'relay', settings)
      const lag = async () => relayStatus.parse(await get(`${relay.url}/v1/relay`)).data.lagEvents
      await expect.poll(lag, caughtUp).toBe(0)
      await using projector = await beside(cluster, 'projector', settings)
      await open(api, 'both')
      await cluster.process('projector').stop()
      await cluster.process('relay').stop()
      await open(api, 'after')
      expect((await projector.stop()).code).toBe(0)
      expect((await relay.stop()).code).toBe(0)
      await expectNoFindings(cluster, {})
    })

    it('makes read models anew while the old ones serve', { timeout: playMsMax }, async () => {
      await using cluster = await openCluster(clusterSettings(servers))
      await open(cluster.process('api').url, 'before')
      const settings = {
        DAYBOOK_READ_MODELS: inDatabase(servers.mongodb().url, `${aNamespace()}-2`),
      }
      await using projector = await beside(cluster, 'projector', settings)
      await using api = await beside(cluster, 'api', settings)
      const lags = async () => {
        const { data } = projectionStatuses.parse(await get(`${api.url}/v1/projections`))
        return data.map(({ lagEvents }) => lagEvents)
      }
      await expect.poll(lags, caughtUp).toEqual(allProjections.map(() => 0))
      expect((await fetch(`${api.url}/v1/ledgers/before`)).status).toBe(200)
      await cluster.process('projector').stop()
      await open(api.url, 'after')
      await expectNoFindings(cluster, settings)
      expect((await projector.stop()).code).toBe(0)
    })

    it('keeps nothing but caches in the data folders', { timeout: playMsMax }, async () => {
      await using cluster = await openCluster(clusterSettings(servers))
      await open(cluster.process('api').url, 'anything')
      const kept = await readdir(cluster.folder, { recursive: true })
      // A folder of each process, which the test itself makes, and in it books and the clock's mark of those that write.
      expect(
        kept.filter((path) => !/^[^/]+(\/books(\/.*)?|\/clock\.json(\..*)?)?$/.test(path)),
      ).toEqual([])
    })
  },
)

/** One more process of a role, with settings of its own. */
function beside(cluster: Cluster, role: Role, settings: Settings): Promise<Program> {
  const folder = { DAYBOOK_DATA: join(cluster.folder, 'beside') }
  return startProgram(cluster.folder, { ...cluster.settings, ...folder, ...settings }, role)
}

/** Opens a ledger and waits until it can be read. */
async function open(url: string, ledgerId: string): Promise<void> {
  const opened = await fetch(`${url}/v1/ledgers`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'open' },
    body: JSON.stringify({ ledgerId, name: ledgerId, assets: [] }),
  })
  expect(opened.status).toBe(201)
  const status = async () => {
    const headers = { 'Min-Revision': '0' }
    return (await fetch(`${url}/v1/ledgers/${ledgerId}`, { headers })).status
  }
  await expect.poll(status, caughtUp).toBe(200)
}

async function expectNoFindings(cluster: Cluster, settings: Settings): Promise<void> {
  const all = { ...cluster.settings, ...settings }
  const { code, output } = await runProgram(['verify-books'], cluster.folder, all)
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('findings 0') })
}

async function get(url: string): Promise<unknown> {
  const answer = await fetch(url)
  return answer.json()
}

function inDatabase(url: string, database: string): string {
  return url.replace(/^(mongodb[^/]*:\/\/[^/?]+)\/?[^?]*/, `$1/${database}`)
}
