import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { checkRestarted } from '#test/faults/restarted-program.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { makePipe } from '#test/support/pipe.ts'
import { startProgramInto, temporaryFolder } from '#test/support/program.ts'
import { accepts, freePort } from '#test/support/servers/free-port.ts'

/** A program whose first line finds its pipe full already, once it accepts connections. */
async function anUnreadProgram() {
  await using making = new AsyncDisposableStack()
  const folder = making.use(await temporaryFolder())
  const pipe = making.use(makePipe(folder.path))
  pipe.fill()
  const port = await freePort()
  const program = making.use(await startProgramInto(pipe.to, folder.path, port))
  for (let tries = 0; !(await accepts(port)); tries += 1) {
    if (tries > 200) throw new Error('the program listens nowhere')
    await sleep(100)
  }
  const made = making.move()
  return {
    path: folder.path,
    program,
    read: () => pipe.read(),
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  }
}

describe('a log that nobody reads', () => {
  it('delays no answer, and does not keep the program from ending in order', async () => {
    await using unread = await anUnreadProgram()
    using api = new ApiClient(unread.program.url)
    const load = new Load(['north'])
    await load.prepare(api)
    const stop = new AbortController()
    const running = load.run(api, stop.signal)
    expect(await load.acknowledges(200, 20_000)).toBe(true)
    // Each is a line.
    for (let confirmed = 0; confirmed < 20; confirmed += 1) {
      unread.program.signal('SIGUSR2')
      await sleep(10)
    }
    expect((await api.get('/health/live')).status).toBe(200)
    expect((await api.get('/health/ready')).status).toBe(200)
    expect(await load.acknowledges(load.acknowledged + 100, 20_000)).toBe(true)
    stop.abort()
    await running
    expect(await unread.program.stop()).toEqual({ code: 0, signal: null })
    await checkRestarted(unread.path, load)
  }, 60_000)

  it('is whole once somebody does', async () => {
    await using unread = await anUnreadProgram()
    const lines: string[] = []
    createInterface({ input: unread.read() }).on('line', (line) => lines.push(line))
    expect(await unread.program.stop()).toEqual({ code: 0, signal: null })
    const said = lines.filter((line) => line !== '').map((line) => Object(JSON.parse(line)).msg)
    expect(said).toEqual([`listening on ${unread.program.url}`, 'stopping', 'stopped'])
  }, 60_000)
})
