import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Harness, openHarness } from '#test/support/http-harness.ts'
import { connectTo, type RawConnection } from '#test/support/http-socket.ts'

const live = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n'
const nowhere = 'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n'
const close = [
  'POST /v1/ledgers/acme/accounts/users:alice/close HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k',
  'Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"reason":"x"}',
].join('\r\n')

let http: Harness
let commands = 0
const opened: RawConnection[] = []

beforeEach(async () => {
  http = await openHarness({}, { stopMs: 100 })
  commands = 0
  http.bus.execute = () => {
    commands += 1
    return new Promise(() => {})
  }
})
afterEach(async () => {
  await leave()
  await http.stop()
})

async function leave(): Promise<void> {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]()
}

/** A connection on which so many requests wait for the answer to a command that never comes. */
async function waiting(count: number): Promise<RawConnection> {
  const connection = await connectTo(http.port)
  opened.push(connection)
  const before = commands
  connection.send(close + live.repeat(count))
  await expect.poll(() => commands, { interval: 1 }).toBe(before + 1)
  return connection
}

/** As many as may wait on all connections together. */
async function waitingEverywhere(): Promise<void> {
  for (let count = 0; count < 128; count += 1) await waiting(32)
}

/** A client all of whose requests are answered, which wait meanwhile. */
async function isServed(): Promise<void> {
  const connection = await connectTo(http.port)
  opened.push(connection)
  connection.send(live.repeat(32) + nowhere)
  await connection.until(/HTTP\/1\.1 404 /)
}

describe('requests that are sent before the answers came', () => {
  it('are 32 on one connection, and who sends more is cut off', async () => {
    const most = await waiting(32)
    await (await waiting(33)).closed()
    expect(most.socket.readableEnded).toBe(false)
  })

  it('are 4,096 on all connections, and who sends more is cut off', async () => {
    await waitingEverywhere()
    await (await waiting(1)).closed()
    const none = await waiting(0)
    expect(opened.filter(({ socket }) => socket.readableEnded)).toHaveLength(1)
    expect(none.socket.readableEnded).toBe(false)
  })

  it('make room when their clients go away, and when they are answered', async () => {
    for (let count = 0; count < 2; count += 1) {
      await waitingEverywhere()
      await leave()
    }
    for (let count = 0; count < 140; count += 1) await isServed()
  })
})
