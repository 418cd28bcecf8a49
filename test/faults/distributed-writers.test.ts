import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LoadedCluster, until } from '#test/faults/distributed-cluster.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { type Cluster, openCluster } from '#test/support/cluster.ts'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import type { Answer } from '#test/support/http-exchange.ts'
import { Load } from '#test/support/load.ts'
import { usually } from '#test/support/long-runs.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const processes = 3
const keys = usually(10, { long: 25 })
const contentionMs = usually(2_000, { long: 8_000 })
const pausedMs = 4_000
/** Who has a turn at all gets far more than this part of what would be even. */
const fairPart = 8
const answerMsMax = 60_000

const posting = { debit: 'a:0', credit: 'a:1', asset: 'USD/2', amount: '1' }

describeWith(['eventstoredb', 'kafka', 'mongodb'], 'several API processes', (servers) => {
  const opened = new AsyncDisposableStack()
  let cluster: Cluster
  let apis: readonly ApiClient[] = []

  beforeAll(async () => {
    const size = { api: processes, relay: 1, projector: 1, sweeper: 1 }
    cluster = opened.use(await openCluster(clusterSettings(servers), size))
    apis = cluster.processes('api').map(({ url }) => opened.use(new ApiClient(url)))
  }, 120_000)

  afterAll(() => opened.disposeAsync())

  const prepared = async (ledgerId: string) => {
    const [api] = apis
    if (api === undefined) throw new Error('there is no API')
    await new Load([ledgerId], ledgerId).prepare(api)
    return api
  }

  it.each([
    ['a command', 'transactions', { postings: [posting] }, 1n],
    [
      'an atomic batch',
      'batches',
      { mode: 'atomic', commands: commands('PostTransaction', 'PostTransaction') },
      2n,
    ],
    [
      'an independent batch',
      'batches',
      { mode: 'independent', commands: commands('PostTransaction', 'PostTransaction') },
      2n,
    ],
  ])(
    'say the same of %s that all get at once under one key, and do it once',
    async (name, path, body, events) => {
      const ledgerId = `same-${path}-${'mode' in body ? body.mode : 'single'}`
      const api = await prepared(ledgerId)
      const before = (await api.get(`/v1/ledgers/${ledgerId}/events?limit=1`)).revision
      for (let index = 0; index < keys; index += 1) {
        const ask = (each: ApiClient) =>
          answered(() =>
            each.post(`/v1/ledgers/${ledgerId}/${path}`, body, {
              'idempotency-key': `${path}-${index}`,
            }),
          )
        const [first, ...others] = await Promise.all(apis.map(ask))
        if (first === undefined) throw new Error('there is no API')
        expect([name, first.status]).toEqual([name, path === 'batches' ? first.status : 201])
        for (const other of others)
          expect([other.status, other.revision, said(other)]).toEqual([
            first.status,
            first.revision,
            said(first),
          ])
      }
      const after = before + BigInt(keys) * events
      for (const each of apis) {
        const head = await each.get(`/v1/ledgers/${ledgerId}/events?limit=1`)
        expect(head.revision).toBe(after)
        const account = await each.get(`/v1/ledgers/${ledgerId}/accounts/a:1`, {
          'min-revision': `${after}`,
        })
        expect(account.at('data', 'balances', 0, 'posted')).toBe(String(BigInt(keys) * events))
      }
    },
    180_000,
  )

  it('write one ledger against each other, each with its share, and what comes of it is right', async () => {
    await prepared('contended')
    const opening = new Load(['contended'], 'contended')
    const [api] = apis
    if (api === undefined) throw new Error('there is no API')
    await opening.prepare(api)
    const stop = new AbortController()
    const writers = apis.map((each, index) => {
      const load = new Load(['contended'], `writer-${index}`, 20)
      return { load, running: load.run(each, stop.signal, 4) }
    })
    const loads = writers.map(({ load }) => load)
    await sleep(contentionMs)
    await until(() => loads.every(({ acknowledged }) => acknowledged > 0), answerMsMax)
    stop.abort()
    await Promise.all(writers.map(({ running }) => running))

    const shares = loads.map(({ acknowledged }) => acknowledged)
    const even = shares.reduce((sum, share) => sum + share, 0) / processes
    expect(Math.min(...shares)).toBeGreaterThan(even / fairPart)
    for (const load of loads) {
      await load.settle(api)
      expect(load.surprises).toEqual([])
    }
    const attempts = [opening, ...loads].flatMap((load) => load.attempts)
    for (const each of apis) expect(await checkLedger(each, 'contended', attempts)).toEqual([])
  }, 180_000)

  it('go on while one of them is paused, which is right again when it goes on itself', async () => {
    const load = new Load(['paused-one', 'paused-two'], 'paused', 20)
    await using loaded = new LoadedCluster(withoutEnd(cluster), load, 2)
    const [api] = apis
    if (api === undefined) throw new Error('there is no API')
    await load.prepare(api)
    await loaded.drive()
    const paused = cluster.process('api', 1)
    paused.signal('SIGSTOP')
    await sleep(pausedMs / 2)
    const before = load.acknowledged
    await sleep(pausedMs / 2)
    expect(await load.acknowledges(before, answerMsMax)).toBe(true)
    paused.signal('SIGCONT')
    await loaded.expectSound()
  }, 180_000)
})

/** Other tests use it, too. */
function withoutEnd(cluster: Cluster): Cluster {
  return { ...cluster, async [Symbol.asyncDispose]() {} }
}

function commands(...names: readonly string[]) {
  return names.map((command) => ({ command, postings: [posting] }))
}

/** Asks again while another process is still at it. */
async function answered(ask: () => Promise<Answer>): Promise<Answer> {
  for (const begun = performance.now(); performance.now() - begun < answerMsMax; ) {
    const answer = await ask()
    if (answer.at('code') !== 'idempotency-in-flight' && answer.status < 500) return answer
    await sleep(50)
  }
  throw new Error('it stays in flight')
}

/** Who comes second may be told that it does. */
function said({ text }: Answer): string {
  return text.replaceAll(',"replayed":true', '').replaceAll(/"requestId":"[^"]*"/g, '')
}
