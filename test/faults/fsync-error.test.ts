import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkRestarted } from '#test/faults/restarted-program.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { startProgramUnder, temporaryFolder } from '#test/support/program.ts'
import {
  canTrace,
  injecting,
  logFiles,
  readModelFiles,
  whyNotTraced,
} from '#test/support/strace.ts'

describe('an fsync error under the whole program', () => {
  it('in a commit of the log is told as unknown, ends the program with 1, and a restart decides', {
    timeout: 120_000,
  }, async ({ skip }) => {
    skip(!canTrace, whyNotTraced)
    await using folder = await temporaryFolder()
    const data = join(folder.path, 'data')
    const load = new Load(['north', 'south'])
    const calls = 'fsync,fdatasync'
    const fault = { files: logFiles, calls, fault: 'error=EIO', when: '30+' } as const
    {
      await using program = await startProgramUnder(injecting({ data, ...fault }), folder.path)
      using api = new ApiClient(program.url)
      await load.prepare(api)
      const running = load.run(api, new AbortController().signal)
      expect(await program.exited).toEqual({ code: 1, signal: null })
      await running
      const fatal = program.lines.filter((line) => line.includes('"fatal"'))
      expect(fatal).toHaveLength(1)
      expect(fatal[0]).toMatch(/the commit of the event log failed.*the node cannot go on/)
    }
    expect(load.unknown.map(({ status, code }) => `${status} ${code}`)).toContain(
      '504 outcome-unknown',
    )
    await checkRestarted(folder.path, load)
  })

  it('or any other of the read models delays them, and no command', {
    timeout: 120_000,
  }, async ({ skip }) => {
    skip(!canTrace, whyNotTraced)
    await using folder = await temporaryFolder()
    const data = join(folder.path, 'data')
    const load = new Load(['north', 'south'])
    const calls = 'fsync,fdatasync,pwrite64'
    const fault = { files: readModelFiles, calls, fault: 'error=EIO', when: '500+' } as const
    {
      await using program = await startProgramUnder(injecting({ data, ...fault }), folder.path)
      using api = new ApiClient(program.url)
      await load.prepare(api)
      const stop = new AbortController()
      const running = load.run(api, stop.signal)
      expect(await load.acknowledges(300, 60_000)).toBe(true)
      stop.abort()
      await running
      expect(load.unknown).toEqual([])
      expect(program.lines.join()).toMatch(/projector waits and tries again/)
      expect(await program.stop()).toEqual({ code: 0, signal: null })
    }
    await checkRestarted(folder.path, load)
  })
})
