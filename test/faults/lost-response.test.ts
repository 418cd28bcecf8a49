import { describe, expect, it } from 'vitest'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { usually } from '#test/support/long-runs.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'
import { startProxy } from '#test/support/proxy.ts'

const cuts = usually(20, { long: 500 })
const workers = 4
/** A few answers. */
const cutBytesMax = 10_000
/** Long enough for them. */
const roundMs = 200

describe('a response lost after commit', () => {
  it('is given again to the same key, and the command has one effect', async () => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    await using proxy = await startProxy(new URL(program.url).host)
    using api = new ApiClient(program.url)
    using cutOff = new ApiClient(proxy.through(program.url))
    await new Load(['lost']).prepare(api)
    const head = async () => (await api.get('/v1/ledgers/lost/events?limit=1')).revision
    const before = await head()
    const body = { postings: [{ debit: 'a:0', credit: 'a:1', asset: 'USD/2', amount: '1' }] }
    const post = (client: ApiClient) =>
      client.post('/v1/ledgers/lost/transactions', body, { 'idempotency-key': 'once' })

    proxy.hold('responses')
    const lost = expect(post(cutOff)).rejects.toThrow()
    while ((await head()) === before);
    proxy.cut()
    await lost
    await proxy.heal()

    const again = await post(cutOff)
    expect([again.status, again.at('data', 'transactionId')]).toEqual([201, `${before + 1n}`])
    expect(await head()).toBe(before + 1n)
  })

  it(`under load, with answers cut anywhere, loses nothing and does nothing twice: ${cuts} cuts`, {
    timeout: 120_000,
  }, async () => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    await using proxy = await startProxy(new URL(program.url).host)
    using api = new ApiClient(proxy.through(program.url))
    const load = new Load(['cut', 'short'])
    await load.prepare(api)
    let unanswered = 0
    for (let cut = 0; cut < cuts; cut += 1) {
      proxy.cutAfter(1 + Math.floor(Math.random() * cutBytesMax))
      await load.run(api, AbortSignal.timeout(roundMs), workers)
      unanswered += load.attempts.filter(({ acknowledged }) => acknowledged === undefined).length
    }
    expect(unanswered).toBeGreaterThan(cuts / 2)
    await proxy.heal()
    await load.settle(api)
    expect(load.surprises).toEqual([])
    for (const ledgerId of load.ledgerIds)
      expect(await checkLedger(api, ledgerId, load.attempts)).toEqual([])
    expect(await program.stop()).toEqual({ code: 0, signal: null })
  })
})
