import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LoadedCluster, until } from '#test/faults/distributed-cluster.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import type { ClusterSize } from '#test/support/cluster.ts'
import { type EventStoreDouble, startEventStoreDouble } from '#test/support/eventstoredb/start.ts'
import { ApiClient } from '#test/support/http-client.ts'
import type { Answer } from '#test/support/http-exchange.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const size: ClusterSize = { api: 2, relay: 1, projector: 1, sweeper: 1 }
const load = { ledgerIds: ['north', 'south'] }
/** Longer than anybody waits for an append. */
const silentMs = 7_000
const downMs = 3_000
const cuts = 12
const knownMsMax = 60_000

const ended = { code: 0, signal: null }
const body = { postings: [{ debit: 'a:0', credit: 'a:1', asset: 'USD/2', amount: '1' }] }

describeWith(['kafka', 'mongodb'], 'while an event store misbehaves', (servers) => {
  const opened = new AsyncDisposableStack()
  let double: EventStoreDouble
  let loaded: LoadedCluster

  beforeAll(async () => {
    double = opened.use(await startEventStoreDouble())
    const settings = clusterSettings({
      ...servers,
      eventstoredb: () => ({ url: double.url, kind: 'double' }),
    })
    loaded = opened.use(await LoadedCluster.open(settings, size, load))
  }, 120_000)

  afterAll(() => opened.disposeAsync())

  const faults: readonly [string, () => void | Promise<void>][] = [
    [
      'not answering until connections break',
      async () => {
        double.mute = true
        await sleep(silentMs)
        double.mute = false
        double.dropConnections()
      },
    ],
    [
      'letting nothing through, not even that the connection lives',
      async () => {
        double.freeze(true)
        await sleep(silentMs)
        double.freeze(false)
      },
    ],
    [
      'dropping connections',
      async () => {
        for (let cut = 0; cut < cuts; cut += 1) {
          double.dropConnections()
          await sleep(150)
        }
      },
    ],
    [
      'losing answers, before and after storing',
      async () => {
        for (let cut = 0; cut < cuts; cut += 1) {
          double.faults.push({ kind: 'lost', stored: cut % 2 === 0 })
          await sleep(150)
        }
      },
    ],
    [
      'closing gracefully',
      async () => {
        for (let close = 0; close < 3; close += 1) {
          double.goAway(200)
          await sleep(600)
        }
      },
    ],
    [
      'refusing: another node is the leader, or it is not ready',
      async () => {
        for (const refusal of ['not-leader', 'not-ready', 'timed-out'] as const) {
          double.faults.push({ kind: 'refused', refusal })
          await sleep(300)
        }
      },
    ],
    [
      'ending subscriptions without an error',
      async () => {
        for (let end = 0; end < 3; end += 1) {
          double.endSubscriptions()
          await sleep(300)
          double.failSubscriptions()
          await sleep(300)
        }
      },
    ],
    [
      'restarting',
      async () => {
        await double.stop()
        await sleep(downMs)
        await double.start()
      },
    ],
  ]

  it.each(faults)(
    'by %s, nothing that was acknowledged is lost and nothing is done twice',
    async (_name, fail) => {
      await loaded.drive()
      await fail()
      const before = loaded.load.acknowledged
      expect(await loaded.load.acknowledges(before, knownMsMax)).toBe(true)
      await loaded.expectSound()
    },
    180_000,
  )

  it('by letting nothing through, those who are told to stop do, and what they had in hand is known afterwards', async () => {
    const { cluster } = loaded
    await loaded.drive()
    double.freeze(true)
    await sleep(1_000)
    const roles = ['relay', 'projector', 'sweeper', 'api'] as const
    const [reading, writing] = [roles.slice(0, 2), roles.slice(2)]
    // Who reads and relays waits for nobody; who has commands in hand waits, some time, for what comes of them.
    for (const role of reading) cluster.process(role).signal('SIGTERM')
    for (const role of reading)
      expect([role, await cluster.process(role).exited]).toEqual([role, ended])
    for (const role of writing) cluster.process(role).signal('SIGTERM')
    await sleep(1_000)
    double.freeze(false)
    for (const role of writing)
      expect([role, await cluster.process(role).exited]).toEqual([role, ended])
    for (const role of roles) await cluster.replace(role)
    await loaded.expectSound()
  }, 180_000)

  it.each([
    ['stored', true],
    ['not stored', false],
  ])(
    'by saying nothing of what it has %s, the client is told that the outcome is unknown, and later what came of it',
    async (name, stored) => {
      using api = new ApiClient(loaded.cluster.process('api').url)
      await loaded.rest()
      const ledgerId = `silent-${name.replace(' ', '-')}`
      await api.post('/v1/ledgers', { ledgerId, name: 'Silent', assets: [{ asset: 'USD/2' }] })
      for (const [accountId, type] of [
        ['a:0', 'equity'],
        ['a:1', 'liability'],
      ] as const)
        await api.post(`/v1/ledgers/${ledgerId}/accounts`, { accountId, type })
      // Other appends may come first: until it is over, all are silent.
      double.faultFor = () => ({ kind: 'silent', stored })
      const headers = { 'idempotency-key': 'silent' }
      const ask = () => api.post(`/v1/ledgers/${ledgerId}/transactions`, body, headers)
      const first = await ask()
      expect([first.status, first.at('code')]).toEqual([504, 'outcome-unknown'])
      double.faultFor = () => undefined
      let answer: Answer = first
      await until(async () => {
        answer = await ask()
        return answer.status < 500 && answer.at('code') !== 'idempotency-in-flight'
      }, knownMsMax)
      expect([answer.status, answer.revision]).toEqual([201, 3n])
      using other = new ApiClient(loaded.cluster.process('api', 1).url)
      const again = await other.post(`/v1/ledgers/${ledgerId}/transactions`, body, headers)
      expect([again.status, again.revision]).toEqual([201, 3n])
      expect((await other.get(`/v1/ledgers/${ledgerId}/events?limit=1`)).revision).toBe(3n)
    },
    180_000,
  )
})
