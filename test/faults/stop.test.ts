import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { openLiveLog } from '#test/support/http-client-events.ts'
import { connectTo } from '#test/support/http-socket.ts'
import { Load } from '#test/support/load.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

const clients = 8

describe('SIGTERM under load', () => {
  it('answers what it took, loses nothing it acknowledged, and ends with 0', async () => {
    await using folder = await temporaryFolder()
    const load = new Load(['one', 'two'])
    for (let round = 0; round < 5; round += 1) {
      await using program = await startProgram(folder.path)
      using api = new ApiClient(program.url)
      if (round === 0) await load.prepare(api)
      const running = load.run(api, new AbortController().signal, clients)
      await load.acknowledges(load.acknowledged + 50, 5_000)
      const before = load.attempts.length
      expect(await program.stop()).toEqual({ code: 0, signal: null })
      await running
      // A connection may be closed just as the next request is on its way: no more than one for each.
      const unanswered = load.attempts.filter(({ acknowledged }) => acknowledged === undefined)
      expect(unanswered.length).toBeLessThanOrEqual(clients)
      expect(load.attempts.length).toBeGreaterThanOrEqual(before)
    }
    await using program = await startProgram(folder.path)
    using api = new ApiClient(program.url)
    await load.settle(api)
    expect(load.surprises).toEqual([])
    for (const ledgerId of load.ledgerIds)
      expect(await checkLedger(api, ledgerId, load.attempts)).toEqual([])
    await program.stop()
    const audit = await runProgram(['verify-books'], folder.path)
    expect(audit.output).toMatch(/\d/)
    expect(audit.code).toBe(0)
  }, 120_000)

  it('closes idle connections and live logs at once', async () => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    using api = new ApiClient(program.url)
    await new Load(['one']).prepare(api)
    using live = await openLiveLog(`${program.url}/v1/ledgers/one/events`)
    await live.until(7)
    const begun = performance.now()
    expect(await program.stop()).toEqual({ code: 0, signal: null })
    expect(performance.now() - begun).toBeLessThan(3_000)
    await live.ended
  })

  it('does not wait for ever for a request that never ends', async () => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    await using connection = await connectTo(Number(new URL(program.url).port))
    connection.send(
      'POST /v1/ledgers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    )
    await sleep(200)
    const begun = performance.now()
    expect((await program.stop()).code).toBe(0)
    expect(performance.now() - begun).toBeLessThan(15_000)
  })
})
