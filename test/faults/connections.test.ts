import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { usually } from '#test/support/long-runs.ts'
import { type Program, startProgram, temporaryFolder } from '#test/support/program.ts'

/** As many as the server takes. */
const connectionsMax = 10_000
const slowCount = 200
const filesLeft = 1_000
const answers = usually(50, { long: 2_000 })

const filesMax = Number(spawnSync('sh', ['-c', 'ulimit -n']).stdout.toString())

describe('10,000 idle connections', () => {
  it('hurt nobody; one more is closed at once, and may come once another has gone', {
    timeout: 300_000,
  }, async ({ skip }) => {
    skip(filesMax < connectionsMax + filesLeft, `only ${filesMax} files may be open here`)
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    using api = new ApiClient(program.url)
    const load = new Load(['idle'])
    await load.prepare(api)
    using idle = new Connections(program)
    await answeredMeanwhile(api, load, () => idle.open(connectionsMax - filesLeft))
    await idle.open(filesLeft)
    const more = await idle.one()
    await gone(more)
    idle.close(filesLeft)
    expect((await api.get('/health/live')).status).toBe(200)
    expect(await checkLedger(api, 'idle', load.attempts)).toEqual([])
    expect(await program.stop()).toEqual({ code: 0, signal: null })
  })
})

describe('slowloris: 200 slow connections', () => {
  it.for<[string, string]>([
    ['headers', 'POST /v1/ledgers HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    [
      'bodies',
      'POST /v1/ledgers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"a":',
    ],
    // Nobody takes any of the answers.
    ['readers', 'GET /v1/ledgers/slow/events?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3)],
  ])('with slow %s let others be answered', { timeout: 120_000 }, async ([, sent]) => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    using api = new ApiClient(program.url)
    const load = new Load(['slow'])
    await load.prepare(api)
    using slow = new Connections(program)
    await slow.open(slowCount)
    for (const socket of slow.sockets) {
      socket.pause()
      socket.write(sent)
    }
    await answeredMeanwhile(api, load, async () => {})
    expect(await checkLedger(api, 'slow', load.attempts)).toEqual([])
    expect(await program.stop()).toEqual({ code: 0, signal: null })
  })
})

/** Commands are answered while something is done, and after it. */
async function answeredMeanwhile(
  api: ApiClient,
  load: Load,
  work: () => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  const running = load.run(api, stop.signal, 4)
  await work()
  expect(await load.acknowledges(load.acknowledged + answers, 60_000)).toBe(true)
  stop.abort()
  await running
  await load.settle(api)
  expect(load.surprises).toEqual([])
}

/** Connections of one client that sends nothing by itself. */
class Connections implements Disposable {
  readonly sockets: Socket[] = []
  readonly #port: number

  constructor({ url }: Program) {
    this.#port = Number(new URL(url).port)
  }

  /** Opens so many more, a few at a time: what is not accepted yet has little room to wait. */
  async open(count: number): Promise<void> {
    const each = 100
    for (let left = count; left > 0; left -= each)
      await Promise.all(Array.from({ length: Math.min(left, each) }, () => this.one()))
  }

  async one(): Promise<Socket> {
    const socket = connect({ port: this.#port, host: '127.0.0.1' })
    socket.on('error', () => {})
    this.sockets.push(socket)
    await once(socket, 'connect')
    return socket
  }

  close(count: number): void {
    for (const socket of this.sockets.splice(0, count)) socket.destroy()
  }

  [Symbol.dispose](): void {
    this.close(this.sockets.length)
  }
}

async function gone(socket: Socket): Promise<void> {
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
}
