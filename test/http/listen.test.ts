import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { listen, serverLimits } from '#http/listen.ts'
import { accepted } from '#test/support/http-command-bus.ts'
import { type Harness, openHarness } from '#test/support/http-harness.ts'
import { connectTo } from '#test/support/http-socket.ts'

const opened: Harness[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.stop()))
})

async function open(...given: Parameters<typeof openHarness>): Promise<Harness> {
  const harness = await openHarness(...given)
  opened.push(harness)
  return harness
}

const close = '/v1/ledgers/acme/accounts/users:alice/close'
const reason = { reason: 'moved away' }

describe('the server', () => {
  it('takes no longer than this for headers, requests and idle connections', () => {
    expect(serverLimits).toEqual({
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 30_000,
      maxHeaderSize: 16_384,
    })
  })

  it('answers 408 to slowloris, headers that trickle in, and closes', async () => {
    const http = await open({}, { headersTimeout: 100, connectionsCheckingInterval: 50 })
    await using connection = await connectTo(http.port)
    connection.send('GET / HTTP/1.1\r\n')
    const trickle = setInterval(() => connection.send('A: b\r\n'), 20)
    try {
      expect(await connection.closed()).toMatch(/^HTTP\/1\.1 408 [^]*"code":"request-timeout"/)
    } finally {
      clearInterval(trickle)
    }
  })

  it('answers 408 to slowloris with a body that trickles in, and closes', async () => {
    const limits = { headersTimeout: 100, requestTimeout: 150, connectionsCheckingInterval: 50 }
    const http = await open({}, limits)
    await using connection = await connectTo(http.port)
    const head = ['Host: x', 'Content-Type: application/json', 'Content-Length: 500']
    connection.send([`POST ${close} HTTP/1.1`, ...head, '', '{'].join('\r\n'))
    const trickle = setInterval(() => connection.send(' '), 20)
    try {
      expect(await connection.closed()).toMatch(/^HTTP\/1\.1 408 /)
    } finally {
      clearInterval(trickle)
    }
  })

  it('cannot have an address that another has', async () => {
    const http = await open()
    const app = { handle: () => {}, endStreams: () => {}, logger: nobody }
    await expect(listen(app, { host: '127.0.0.1', port: http.port })).rejects.toThrow(/EADDRINUSE/)
  })
})

const nobody = { debug() {}, info() {}, warn() {}, error() {} }

describe('a stop', () => {
  it('finishes what was accepted, then closes the connection', async () => {
    const http = await open()
    const taken = Promise.withResolvers<void>()
    const { promise, resolve } = Promise.withResolvers<void>()
    http.bus.execute = async () => {
      taken.resolve()
      await promise
      return accepted()
    }
    const answering = http.post(close, reason)
    await taken.promise
    const stopping = http.stop()
    await expect(http.request('/health/live')).rejects.toThrow()
    resolve()
    expect((await answering).status).toBe(201)
    await stopping
  })

  it('answers one more request on a connection that was idle, and says that it was the last', async () => {
    const http = await open()
    await using connection = await connectTo(http.port)
    const request = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n'
    connection.send(request)
    await connection.until(/live/)
    const stopping = http.stop()
    await sleep(50)
    connection.send(request)
    const received = await connection.closed()
    expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
    expect(received.match(/Connection: close/gi)).toHaveLength(1)
    await stopping
  })

  it('closes connections that are idle', async () => {
    const http = await open()
    await using connection = await connectTo(http.port)
    connection.send('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
    await connection.until(/live/)
    await http.stop()
    await connection.closed()
  })

  it('cuts off what takes too long', async () => {
    const http = await open({}, { stopMs: 100 })
    const taken = Promise.withResolvers<void>()
    http.bus.execute = () => {
      taken.resolve()
      return new Promise(() => {})
    }
    const answering = http.post(close, reason).catch((error: unknown) => error)
    await taken.promise
    await http.stop()
    expect(await answering).toBeInstanceOf(Error)
    expect(http.lines.at(-1)).toMatchObject({ level: 'warn' })
  })

  it('is one stop however often it is asked for', async () => {
    const http = await open()
    await Promise.all([http.stop(), http.stop()])
  })
})
