import { join } from 'node:path'
import { expect, it } from 'vitest'
import { checkRestarted } from '#test/faults/restarted-program.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { startProgramUnder, temporaryFolder } from '#test/support/program.ts'
import { canTrace, injecting, logFiles, whyNotTraced } from '#test/support/strace.ts'

const fsyncMs = 300
const fault = `delay_enter=${fsyncMs * 1_000}` as const
const calls = 'fsync,fdatasync'
const workers = 8
const commits = 8

it('a slow fsync makes commands wait as long, many for one commit; queries do not wait, and nothing is lost', {
  timeout: 120_000,
}, async ({ skip }) => {
  skip(!canTrace, whyNotTraced)
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  const load = new Load(['slow'])
  {
    const under = injecting({ data, files: logFiles, calls, fault, when: '1+' })
    await using program = await startProgramUnder(under, folder.path)
    using api = new ApiClient(program.url)
    await load.prepare(api)
    load.answersMs.length = 0
    const stop = new AbortController()
    const running = load.run(api, stop.signal, workers)
    const begun = performance.now()
    const queriesMs: number[] = []
    while (performance.now() - begun < commits * fsyncMs) {
      const asked = performance.now()
      expect((await api.get('/v1/ledgers/slow/accounts')).status).toBe(200)
      queriesMs.push(performance.now() - asked)
    }
    stop.abort()
    await running
    expect(Math.max(...load.answersMs)).toBeGreaterThan(fsyncMs)
    expect(load.answersMs.length).toBeGreaterThan(2 * commits)
    expect(middleOf(queriesMs)).toBeLessThan(fsyncMs / 2)
    expect(load.unknown).toEqual([])
    expect(await program.stop()).toEqual({ code: 0, signal: null })
  }
  await checkRestarted(folder.path, load)
})

function middleOf(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN
}
