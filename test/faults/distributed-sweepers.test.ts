import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { LoadedCluster, until } from '#test/faults/distributed-cluster.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { readLog } from '#test/support/history-checker-events.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const holds = 20
const expiryMs = 3_000
const expiredMsMax = 60_000
/** About a second, where the machine has nothing else to do. */
const lateMsMax = 10_000

const posting = { debit: 'a:0', credit: 'a:1', asset: 'USD/2', amount: '1' }

describeWith(['eventstoredb', 'kafka', 'mongodb'], 'holds that are due', (servers) => {
  it('expire once, whichever sweepers live, and wait where none does', async () => {
    const size = { api: 1, relay: 1, projector: 1, sweeper: 2 }
    const ledgerIds = ['held']
    await using loaded = await LoadedCluster.open(clusterSettings(servers), size, { ledgerIds })
    const { cluster } = loaded
    using api = new ApiClient(cluster.process('api').url)

    const place = async () => {
      const expiresAt = new Date(Date.now() + expiryMs).toISOString()
      const body = { postings: [posting], expiresAt }
      const placed = await Promise.all(
        Array.from({ length: holds }, () => api.post('/v1/ledgers/held/holds', body)),
      )
      return placed.map((answer) => answer.string('data', 'holdId'))
    }
    const expired = async (holdIds: readonly string[]) => {
      const events = await readLog(api, 'held')
      const expiries = events.filter(
        ({ type, data }) => type === 'HoldExpired' && holdIds.includes(data.holdId ?? ''),
      )
      expect(new Set(expiries.map(({ data }) => data.holdId)).size).toBe(expiries.length)
      return expiries.length
    }
    /** How long after its time the last of them was expired. */
    const latestMs = async (holdIds: readonly string[]) => {
      const events = await readLog(api, 'held')
      const dueMs = new Map(
        events.map(({ revision, data }) => [revision, Date.parse(data.expiresAt ?? '')]),
      )
      const lateMs = events
        .filter(({ type, data }) => type === 'HoldExpired' && holdIds.includes(data.holdId ?? ''))
        .map(({ recordedAt, data }) => Date.parse(recordedAt) - (dueMs.get(data.holdId ?? '') ?? 0))
      return Math.max(...lateMs)
    }

    const both = await place()
    await until(async () => (await expired(both)) === holds, expiredMsMax)

    const one = await place()
    await cluster.process('sweeper', 0).kill()
    await until(async () => (await expired(one)) === holds, expiredMsMax)
    expect(await latestMs([...both, ...one])).toBeLessThan(lateMsMax)

    const late = await place()
    await cluster.process('sweeper', 1).kill()
    await sleep(expiryMs + 1_000)
    // A hold that is due gives nothing any more, whether or not somebody has said so.
    expect(await expired(late)).toBe(0)
    const capture = await api.post(`/v1/ledgers/held/holds/${late[0]}/captures`, {})
    expect(capture.at('code')).toBe('hold-expired')
    await Promise.all([cluster.replace('sweeper', 0), cluster.replace('sweeper', 1)])
    await until(async () => (await expired(late)) === holds, expiredMsMax)
    await sleep(1_000)
    expect(await expired([...both, ...one, ...late])).toBe(3 * holds)
  }, 240_000)
})
