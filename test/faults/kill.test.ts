import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { usually } from '#test/support/long-runs.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

const kills = usually(25, { long: 100 })
/** A kill comes at random up to this long after the first answer; every fifth doesn't wait for one. */
const loadMsMax = 120
const firstAnswerMsMax = 5_000

it('a program that is killed again and again under load has kept everything it said, and nothing else', async () => {
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
  await using program = await startProgram(folder.path)
  using api = new ApiClient(program.url)
  await load.settle(api)
  expect(load.surprises).toEqual([])
  for (const ledgerId of load.ledgerIds)
    expect(await checkLedger(api, ledgerId, load.attempts)).toEqual([])
  expect(load.acknowledged).toBeGreaterThan(kills)
  expect(await program.stop()).toEqual({ code: 0, signal: null })
  const audit = await runProgram(['verify-books'], folder.path)
  expect([audit.code, audit.output]).toEqual([0, expect.stringMatching(/\d/)])
}, 900_000)
