import { describe, expect, it } from 'vitest'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { preloaded } from '#test/support/preloaded.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

const bug = (thread: string, fault: string) => `
if (thread === '${thread}') setInterval(() => { if (pulled() === 'now') ${fault} }, 20).unref()
`
const rejection = 'Promise.reject(new Error("a bug"))'
const exception = '{ throw new Error("a bug") }'

describe('an error that nobody handled', () => {
  it.for([
    ['an unhandled rejection', 'main', rejection],
    ['an unhandled rejection', 'event-log', rejection],
    ['an uncaught exception', 'projector', exception],
  ] as const)(
    '%s in the thread %s ends the program with 1, says so, and has kept everything',
    {
      timeout: 120_000,
    },
    async ([, thread, fault]) => {
      await using folder = await temporaryFolder()
      const load = new Load(['one'])
      const lever = preloaded(folder.path, bug(thread, fault))
      {
        await using program = await startProgram(folder.path, lever.settings)
        using api = new ApiClient(program.url)
        await load.prepare(api)
        const running = load.run(api, new AbortController().signal)
        await load.acknowledges(50, 20_000)
        lever.pull('now')
        expect(await program.exited).toEqual({ code: 1, signal: null })
        await running
        expect(program.lines.filter((line) => line.includes('"fatal"'))).toHaveLength(1)
        expect(program.lines.join()).toMatch(/a bug/)
      }
      await using program = await startProgram(folder.path)
      using api = new ApiClient(program.url)
      await load.settle(api)
      expect(load.surprises).toEqual([])
      expect(await checkLedger(api, 'one', load.attempts)).toEqual([])
      await program.stop()
      const audit = await runProgram(['verify-books'], folder.path)
      expect([audit.code, audit.output]).toEqual([0, expect.stringMatching(/\d/)])
    },
  )
})
