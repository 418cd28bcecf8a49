import { expect } from 'vitest'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import type { Load } from '#test/support/load.ts'
import { runProgram, startProgram } from '#test/support/program.ts'

/** Starts the program once more, asks again for what was never answered, and looks at everything. */
export async function checkRestarted(path: string, load: Load): Promise<void> {
  await using program = await startProgram(path)
  using api = new ApiClient(program.url)
  await load.settle(api)
  expect(load.surprises).toEqual([])
  for (const ledgerId of load.ledgerIds)
    expect(await checkLedger(api, ledgerId, load.attempts)).toEqual([])
  expect(await program.stop()).toEqual({ code: 0, signal: null })
  const audit = await runProgram(['verify-books'], path)
  expect([audit.code, audit.output]).toEqual([0, expect.stringMatching(/\d/)])
}
