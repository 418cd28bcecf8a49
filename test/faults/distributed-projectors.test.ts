import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { plainKafka } from '#test/adapters/kafka/topics.ts'
import { LoadedCluster, until } from '#test/faults/distributed-cluster.ts'
import { expectTopicIsLog, topicOf } from '#test/faults/distributed-topic.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { usually } from '#test/support/long-runs.ts'
import { startProgram } from '#test/support/program.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const rebalances = usually(2, { long: 9 })
const rebalanceMs = 2_000
/** Longer than a group keeps the place of a worker that it doesn’t hear of. */
const pausedMs = 13_000
/** The patrol looks at what is 10 s old and gives a ledger 5 s. */
const healedMsMax = 90_000

const posting = { debit: 'a:0', credit: 'a:1', asset: 'USD/2', amount: '1' }

describeWith(['eventstoredb', 'kafka', 'mongodb'], 'projectors that follow a broker', (servers) => {
  const opened = new AsyncDisposableStack()
  let loaded: LoadedCluster
  let admin: Admin

  beforeAll(async () => {
    const size = { api: 1, relay: 1, projector: 2, sweeper: 1 }
    loaded = opened.use(await LoadedCluster.open(clusterSettings(servers), size))
    admin = plainKafka(servers.kafka().url).admin()
    await admin.connect()
    opened.defer(() => admin.disconnect())
  }, 120_000)

  afterAll(() => opened.disposeAsync())

  const stopProjectors = async () => {
    for (const program of loaded.cluster.processes('projector'))
      expect(await program.stop()).toEqual({ code: 0, signal: null })
  }
  const startProjectors = async () => {
    for (const index of loaded.cluster.processes('projector').keys())
      await loaded.cluster.replace('projector', index)
  }

  it('lose and double nothing while one more of them comes and goes every two seconds', async () => {
    const { cluster } = loaded
    await loaded.drive()
    for (let round = 0; round < rebalances; round += 1) {
      const folder = { DAYBOOK_DATA: `${cluster.folder}/projector-more` }
      const settings = { ...cluster.settings, ...folder }
      await using more = await startProgram(cluster.folder, settings, 'projector')
      await sleep(rebalanceMs)
      if (round % 2 === 0) await more.kill()
      else expect(await more.stop()).toEqual({ code: 0, signal: null })
    }
    await loaded.expectSound()
    await expectTopicIsLog(cluster, servers.kafka().url)
  }, 300_000)

  it('are right though one of them was paused until others had its work, and went on with what it had in hand', async () => {
    const { cluster } = loaded
    await loaded.drive()
    const paused = cluster.process('projector', 1)
    paused.signal('SIGSTOP')
    await sleep(pausedMs)
    paused.signal('SIGCONT')
    await loaded.expectSound()
    expect(await paused.stop()).toEqual({ code: 0, signal: null })
    await cluster.replace('projector', 1)
  }, 300_000)

  it('drop what they are given again from the beginning', async () => {
    const topic = topicOf(loaded.cluster.settings)
    await stopProjectors()
    const { groups } = await admin.listGroups()
    const group = groups.find(({ groupId }) => groupId.startsWith(`${topic}.projector`))
    const groupId = group?.groupId ?? ''
    await until(async () => {
      const { groups: described } = await admin.describeGroups([groupId])
      return described.every(({ members }) => members.length === 0)
    }, healedMsMax)
    await admin.resetOffsets({ groupId, topic, earliest: true })
    await startProjectors()
    await until(async () => (await behind(admin, topic, groupId)) === 0, healedMsMax)
    await loaded.drive()
    await loaded.expectSound()
  }, 300_000)

  it('read from the log what the broker lost, also where it was the last of a ledger', async () => {
    const { cluster, load } = loaded
    const topic = topicOf(cluster.settings)
    await loaded.rest()
    await expectTopicIsLog(cluster, servers.kafka().url)
    await stopProjectors()
    using api = new ApiClient(cluster.process('api').url)
    const heads = new Map<string, bigint>()
    for (const ledgerId of load.ledgerIds) heads.set(ledgerId, await postOne(api, ledgerId, load))
    await until(async () => (await relayed(cluster.process('relay').url)) === 0, healedMsMax)
    const offsets = await admin.fetchTopicOffsets(topic)
    const partitions = offsets.map(({ partition, high }) => ({ partition, offset: high }))
    await admin.deleteTopicRecords({ topic, partitions })
    await startProjectors()

    // The first ledger goes on: its gap shows with the next event. Of the others nothing more is delivered.
    const [first = ''] = load.ledgerIds
    heads.set(first, await postOne(api, first, load))
    for (const [ledgerId, head] of heads)
      await until(async () => {
        const path = `/v1/ledgers/${ledgerId}/accounts/a:1`
        return (await api.get(path, { 'min-revision': `${head}` })).status === 200
      }, healedMsMax)
    await loaded.expectSound()
    const healed = cluster
      .processes('projector')
      .flatMap(({ lines }) => lines)
      .filter((line) => line.includes('a ledger stood still'))
    expect(healed.length).toBeGreaterThan(0)
  }, 300_000)
})

/** Posts what the history checker is told of. */
async function postOne(
  api: ApiClient,
  ledgerId: string,
  { attempts }: LoadedCluster['load'],
): Promise<bigint> {
  const key = api.key()
  const body = { postings: [posting] }
  const path = `/v1/ledgers/${ledgerId}/transactions`
  const { status, revision } = await api.post(path, body, { 'idempotency-key': key })
  expect(status).toBe(201)
  const request = { command: 'PostTransaction', ...body }
  attempts.push({
    ledgerId,
    key,
    path,
    body,
    request,
    commands: [{ key, request }],
    isAtomic: false,
    acknowledged: { status, revision, outcomes: [status] },
  })
  return revision
}

async function relayed(url: string): Promise<number> {
  const { data } = JSON.parse(await (await fetch(`${url}/v1/relay`)).text())
  return Number(data.lagEvents)
}

/** Records that a group has not taken in. */
async function behind(admin: Admin, topic: string, groupId: string): Promise<number> {
  const ends = await admin.fetchTopicOffsets(topic)
  const [taken] = await admin.fetchOffsets({ groupId, topics: [topic] })
  const places = new Map(taken?.partitions.map(({ partition, offset }) => [partition, offset]))
  return ends.reduce(
    (sum, { partition, high }) => sum + Number(high) - Math.max(0, Number(places.get(partition))),
    0,
  )
}
