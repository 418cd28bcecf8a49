import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { freePort } from '#test/support/servers/free-port.ts'
import { type TcpProxy, startProxy } from '#test/support/proxy.ts'

const quietMs = 100

describe('a proxy', () => {
  it('forwards both ways, and that a connection ends', async () => {
    await using echo = await startEcho()
    await using proxy = await startProxy(echo.address)
    const client = await connectTo(proxy)
    expect(await client.say('one')).toBe('one')
    client.socket.end()
    await once(client.socket, 'close')
    expect(client.received()).toBe('one')
  })

  it('carries much more than it holds at once', async () => {
    await using echo = await startEcho()
    await using proxy = await startProxy(echo.address)
    const client = await connectTo(proxy)
    client.socket.end(Buffer.alloc(20_000_000, 'a'))
    await once(client.socket, 'close')
    expect(client.received().length).toBe(20_000_000)
  })

  it('takes the place of the host in a URL', async () => {
    await using proxy = await startProxy('127.0.0.1:2113')
    expect(proxy.through('esdb://admin:changeit@127.0.0.1:2113?tls=false')).toBe(
      `esdb://admin:changeit@${proxy.address}?tls=false`,
    )
  })

  it('refuses, and serves again on the same port', async () => {
    await using echo = await startEcho()
    await using proxy = await startProxy(echo.address)
    const client = await connectTo(proxy)
    await proxy.refuse()
    expect(await client.failure).toMatchObject({ code: 'ECONNRESET' })
    await expect(connectTo(proxy)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await proxy.heal()
    expect(await (await connectTo(proxy)).say('two')).toBe('two')
  })

  it('holds everything in a black hole, and lets it go in order', async () => {
    await using echo = await startEcho()
    await using proxy = await startProxy(echo.address)
    const before = await connectTo(proxy)
    proxy.blackhole()
    const during = await connectTo(proxy)
    for (const client of [before, during]) client.socket.write('one')
    await sleep(quietMs)
    expect([echo.received(), before.received(), during.received()]).toEqual(['', '', ''])
    for (const client of [before, during]) client.socket.write('two')
    await proxy.heal()
    for (const client of [before, during]) expect(await client.until(6)).toBe('onetwo')
  })

  it('loses only responses: what was asked is done', async () => {
    await using echo = await startEcho()
    await using proxy = await startProxy(echo.address)
    const client = await connectTo(proxy)
    proxy.hold('responses')
    client.socket.write('one')
    await expect.poll(echo.received).toBe('one')
    await sleep(quietMs)
    proxy.cut()
    expect(await client.failure).toMatchObject({ code: 'ECONNRESET' })
    await proxy.heal()
    await sleep(quietMs)
    expect(client.received()).toBe('')
  })

  it('delays', async () => {
    await using echo = await startEcho()
    await using proxy = await startProxy(echo.address)
    const client = await connectTo(proxy)
    proxy.delay(quietMs)
    const before = performance.now()
    expect(await client.say('one')).toBe('one')
    expect(performance.now() - before).toBeGreaterThanOrEqual(2 * quietMs - 2)
  })

  it('cuts in the middle of an answer, once', async () => {
    await using echo = await startEcho()
    await using proxy = await startProxy(echo.address)
    const client = await connectTo(proxy)
    proxy.cutAfter(8)
    expect(await client.say('12345')).toBe('12345')
    client.socket.write('67890')
    expect(await client.failure).toMatchObject({ code: 'ECONNRESET' })
    expect(client.received()).toBe('12345678')
    expect(await (await connectTo(proxy)).say('whole answers again')).toBe('whole answers again')
  })

  it('resets a client whose server is not there', async () => {
    await using proxy = await startProxy(`127.0.0.1:${await freePort()}`)
    const client = await connectTo(proxy)
    expect(await client.failure).toMatchObject({ code: 'ECONNRESET' })
    await expect.poll(() => proxy.connections).toBe(0)
  })
})

/** A server that says what it hears. */
async function startEcho() {
  let received = ''
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received += String(chunk)
    })
    socket.pipe(socket)
  })
  const port = await freePort()
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return {
    address: `127.0.0.1:${port}`,
    received: () => received,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

async function connectTo(proxy: TcpProxy) {
  const socket = connect(proxy.port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => {
    received += String(chunk)
  })
  await once(socket, 'connect')
  const failed = Promise.withResolvers<Error>()
  socket.on('error', failed.resolve)
  const until = async (length: number) => {
    while (received.length < length) await once(socket, 'data')
    return received
  }
  return {
    socket,
    failure: failed.promise,
    received: () => received,
    until,
    async say(text: string): Promise<string> {
      const start = received.length
      socket.write(text)
      return (await until(start + text.length)).slice(start)
    },
  }
}
