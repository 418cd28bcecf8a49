import { expect, it } from 'vitest'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { usually } from '#test/support/long-runs.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

const requests = usually(200, { long: 2_000 })
const answeredMsMax = 30_000

it('two processes on one data folder write the same ledgers as one would', async () => {
  await using folder = await temporaryFolder()
  await using one = await startProgram(folder.path)
  await using other = await startProgram(folder.path)
  using oneApi = new ApiClient(one.url)
  using otherApi = new ApiClient(other.url)
  const load = new Load(['shared', 'common'])
  await load.prepare(oneApi)

  // Every request may go to either, and again to the other: one key, one effect, one answer.
  const stop = new AbortController()
  const running = [load.run(oneApi, stop.signal, 4), load.run(otherApi, stop.signal, 4)]
  expect(await load.acknowledges(requests, answeredMsMax)).toBe(true)
  stop.abort()
  await Promise.all(running)
  await load.settle(otherApi)
  expect(load.surprises).toEqual([])
  for (const ledgerId of load.ledgerIds)
    for (const api of [oneApi, otherApi])
      expect(await checkLedger(api, ledgerId, load.attempts)).toEqual([])
}, 60_000)

it('the same key at two programs at the same moment has one effect, and both say the same', async () => {
  await using folder = await temporaryFolder()
  await using one = await startProgram(folder.path)
  await using other = await startProgram(folder.path)
  using oneApi = new ApiClient(one.url)
  using otherApi = new ApiClient(other.url)
  await new Load(['shared']).prepare(oneApi)
  const path = '/v1/ledgers/shared/transactions'
  const body = { postings: [{ debit: 'a:0', credit: 'a:1', asset: 'USD/2', amount: '1' }] }
  for (let index = 0; index < 50; index += 1) {
    const key = { 'idempotency-key': `both-${index}` }
    const [here, there] = await Promise.all([
      oneApi.post(path, body, key),
      otherApi.post(path, body, key),
    ])
    expect([here.status, there.status]).toEqual([201, 201])
    expect(here.text).toBe(there.text)
    expect(here.revision).toBe(there.revision)
  }
  const balance = await oneApi.get('/v1/ledgers/shared/accounts/a:1/balances?asset=USD/2', {
    'min-revision': '56',
  })
  expect(balance.at('data', 0, 'posted')).toBe('50')
  expect(await one.stop()).toEqual({ code: 0, signal: null })
  expect(await other.stop()).toEqual({ code: 0, signal: null })
  const audit = await runProgram(['verify-books'], folder.path)
  expect(audit.code).toBe(0)
}, 60_000)
