import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { daybook } from '#test/cli/daybook.ts'
import { connectTo, type RawConnection } from '#test/support/http-socket.ts'
import { type Program, startProgram, temporaryFolder } from '#test/support/program.ts'

describe('daybook start', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends with 0 after %s', async (signal) => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    expect((await fetch(`${program.url}/health/live`)).status).toBe(200)
    program.signal(signal)
    expect(await program.exited).toEqual({ code: 0, signal: null })
    expect(program.lines.at(-1)).toContain('"msg":"stopped"')
  })

  it('takes signals that come together for one: npm hands on a Ctrl-C that the terminal sent, too', async () => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    await using request = await unfinishedRequest(program)
    program.signal('SIGINT')
    program.signal('SIGTERM')
    await sleep(300)
    request.socket.destroy()
    expect(await program.exited).toEqual({ code: 0, signal: null })
    expect(program.lines.at(-1)).toContain('"msg":"stopped"')
  })

  it('ends at once at another signal', async () => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    await using request = await unfinishedRequest(program)
    program.signal('SIGINT')
    await expect.poll(() => program.lines.join(), { timeout: 20_000 }).toContain('"stopping"')
    await sleep(1_500)
    program.signal('SIGTERM')
    expect(await program.exited).toEqual({ code: 1, signal: null })
    expect(await request.closed()).not.toMatch(/ 201 /)
    expect(program.lines.join('\n')).not.toContain('"msg":"stopped"')
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
    await expect
      .poll(() => program.lines.join(), { timeout: 20_000 })
      .toContain('the clock is confirmed')
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

/** A request whose end the program waits for; it says that it goes on, so it has been taken. */
async function unfinishedRequest(program: Program): Promise<RawConnection> {
  const connection = await connectTo(Number(new URL(program.url).port))
  connection.send(
    'POST /v1/ledgers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n',
  )
  await connection.until(/100 Continue/)
  return connection
}
