import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { daybook } from '#test/cli/daybook.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

describe('daybook start', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends with 0 after %s', async (signal) => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    expect((await fetch(`${program.url}/health/live`)).status).toBe(200)
    program.signal(signal)
    expect(await program.exited).toEqual({ code: 0, signal: null })
    expect(program.lines.at(-1)).toContain('"msg":"stopped"')
  })

  it('prints nothing but log lines', async () => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    await program.stop()
    for (const line of program.lines) expect(() => JSON.parse(line)).not.toThrow()
  })

  it('confirms the clock on SIGUSR2 and goes on', async () => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    program.signal('SIGUSR2')
    await expect.poll(() => program.lines.join('\n')).toContain('the clock is confirmed')
    expect((await fetch(`${program.url}/health/live`)).status).toBe(200)
  })

  it('says in one sentence when the port is taken', async () => {
    await using folder = await temporaryFolder()
    await using server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const settings = { DAYBOOK_PORT: String(port) }
    const { code, stderr } = await daybook(['start'], { folder: folder.path, settings })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^daybook start: .*\n$/)
    expect(stderr).toContain('EADDRINUSE')
  })
})
