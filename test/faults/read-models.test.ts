import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { usually } from '#test/support/long-runs.ts'
import { type Program, runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

const batchesCount = usually(5, { long: 12 })

describe('the read models', () => {
  it('are made anew, and equal, where they are gone', async () => {
    await using folder = await temporaryFolder()
    const load = new Load(['one', 'two'])
    let before: readonly string[]
    {
      await using program = await startProgram(folder.path)
      using api = new ApiClient(program.url)
      await load.prepare(api)
      const stop = new AbortController()
      const running = load.run(api, stop.signal)
      await load.acknowledges(200, 20_000)
      stop.abort()
      await running
      await load.settle(api)
      for (const ledgerId of load.ledgerIds) await holdsExpired(api, ledgerId)
      before = await shownBy(api, load)
      await program.stop()
    }
    const data = join(folder.path, 'data')
    const files = (await readdir(data)).filter((name) => name.startsWith('read-models.db'))
    expect(files.length).toBeGreaterThan(0)
    for (const name of files) await rm(join(data, name))

    await using program = await startProgram(folder.path)
    using api = new ApiClient(program.url)
    expect(await shownBy(api, load)).toEqual(before)
    for (const ledgerId of load.ledgerIds)
      expect(await checkLedger(api, ledgerId, load.attempts)).toEqual([])
  }, 60_000)

  it.each<[string, (program: Program) => Promise<unknown>]>([
    ['stopped', (program) => program.stop()],
    ['killed', (program) => program.kill()],
  ])(
    'catch up where the program was %s while they were behind',
    async (_name, end) => {
      await using folder = await temporaryFolder()
      const load = new Load(['far'])
      let head = 0n
      {
        await using program = await startProgram(folder.path)
        using api = new ApiClient(program.url)
        await load.prepare(api)
        const commands = Array.from({ length: 1000 }, () => ({
          command: 'PostTransaction',
          postings: [{ debit: 'a:0', credit: 'a:1', asset: 'USD/2', amount: '1' }],
        }))
        const answers = await Promise.all(
          Array.from({ length: batchesCount }, () =>
            api.post('/v1/ledgers/far/batches', { mode: 'independent', commands }),
          ),
        )
        for (const { revision } of answers) head = revision > head ? revision : head
        await end(program)
      }
      await using program = await startProgram(folder.path)
      using api = new ApiClient(program.url)
      const path = '/v1/ledgers/far/accounts/a:1'
      let answer = await api.get(path, { 'min-revision': `${head}` })
      for (let tries = 0; answer.status === 503 && tries < 10; tries += 1) {
        expect(answer.at('code')).toBe('projection-behind')
        answer = await api.get(path, { 'min-revision': `${head}` })
      }
      expect(answer.at('data', 'balances', 0, 'posted')).toBe(`${batchesCount * 1000}`)
      await program.stop()
      const audit = await runProgram(['verify-books'], folder.path)
      expect([audit.code, audit.output]).toEqual([0, expect.any(String)])
    },
    90_000,
  )
})

/** Resolves once nothing is left that goes on by itself: no open hold has a time at which it expires. */
async function holdsExpired(api: ApiClient, ledgerId: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 100) {
    const holds = await api.all(`/v1/ledgers/${ledgerId}/holds?status=open&limit=200`)
    if (!holds.some((hold) => 'expiresAt' in Object(hold))) return
    await sleep(100)
  }
  throw new Error(`holds of ${ledgerId} never expire`)
}

/** Everything that every ledger shows, as it is sent. */
async function shownBy(api: ApiClient, load: Load): Promise<readonly string[]> {
  const shown: string[] = []
  for (const ledgerId of load.ledgerIds) {
    const path = `/v1/ledgers/${ledgerId}`
    const head = (await api.get(`${path}/events?limit=1`)).revision
    for (const rest of [
      '',
      '/accounts?limit=200',
      '/transactions?limit=200',
      '/holds?limit=200',
      '/commands?limit=200',
      '/trial-balance',
      '/accounts/a:1/entries?limit=200',
      '/accounts/a:1/statement?asset=USD/2',
    ]) {
      const answer = await api.get(`${path}${rest}`, { 'min-revision': `${head}` })
      shown.push(answer.text.replace(/"next":"[^"]*"/, '"next"'))
    }
  }
  return shown
}
