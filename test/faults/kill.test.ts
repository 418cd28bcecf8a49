import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkRestarted } from '#test/faults/restarted-program.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { usually } from '#test/support/long-runs.ts'
import { startProgram, startProgramUnder, temporaryFolder } from '#test/support/program.ts'
import {
  canTrace,
  durableCalls,
  injecting,
  logFiles,
  readModelFiles,
  whyNotTraced,
} from '#test/support/strace.ts'

const kills = usually(2, { long: 100 })
const killPoints = usually(8, { long: 200 })
/** A kill comes at random up to this long after the first answer; every fifth doesn't wait for one. */
const loadMsMax = 120
const firstAnswerMsMax = 20_000
const killMsMax = 60_000
/** More than opening ledgers and accounts is answers to; opened again, they are refused. */
const openingCount = 20

describe('kill of the whole program', () => {
  it(`at random moments under load: it has kept everything it said, and nothing else, ${kills} times`, async () => {
    await using folder = await temporaryFolder()
    const load = new Load(['north', 'south', 'east'])
    for (let kill = 0; kill < kills; kill += 1) {
      await using program = await startProgram(folder.path)
      using api = new ApiClient(program.url)
      if (kill === 0) await load.prepare(api)
      const stop = new AbortController()
      const before = load.acknowledged
      const running = load.run(api, stop.signal)
      if (kill % 5 !== 4) expect(await load.acknowledges(before, firstAnswerMsMax)).toBe(true)
      await sleep(Math.random() * loadMsMax)
      await program.kill()
      stop.abort()
      await running
    }
    await checkRestarted(folder.path, load)
    expect(load.acknowledged).toBeGreaterThan(kills)
  }, 900_000)

  it(`at ${killPoints} durable steps, from the first start on: it has kept everything it said, and nothing else`, {
    timeout: 900_000,
  }, async ({ skip }) => {
    skip(!canTrace, whyNotTraced)
    await using folder = await temporaryFolder()
    const data = join(folder.path, 'data')
    const load = new Load(['north', 'south'])
    for (let index = 0; index < killPoints; index += 1) {
      // The first ones come while it starts, those of the log thread's 9th call and later under load.
      const files = index % 2 === 0 ? logFiles : [...logFiles, ...readModelFiles]
      const when = `${1 + index * 3}`
      const fault = 'signal=KILL'
      await startedAndKilled(injecting({ data, files, calls: durableCalls, fault, when }), {
        path: folder.path,
        load,
      })
    }
    await checkRestarted(folder.path, load)
    expect(load.acknowledged).toBeGreaterThan(killPoints)
  })
})

/** Runs the program under load until it is killed, be it while it starts. */
async function startedAndKilled(
  under: readonly string[],
  { path, load }: { readonly path: string; readonly load: Load },
): Promise<void> {
  try {
    await using program = await startProgramUnder(under, path)
    using api = new ApiClient(program.url)
    if (load.acknowledged < openingCount) await load.prepare(api)
    const running = load.run(api, new AbortController().signal)
    const end = await Promise.race([program.exited, sleep(killMsMax, 'alive', { ref: false })])
    expect(end).toEqual({ code: null, signal: 'SIGKILL' })
    await running
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('ended with SIGKILL')) throw error
  }
}
