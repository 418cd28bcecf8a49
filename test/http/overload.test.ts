import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { accepted } from '#test/support/http-command-bus.ts'
import { openHarness, problemOf, read } from '#test/support/http-harness.ts'
import { connectTo } from '#test/support/http-socket.ts'

const events = '/v1/ledgers/acme/events'
const close = '/v1/ledgers/acme/accounts/users:alice/close'
const batches = '/v1/ledgers/acme/batches'
const retryLater = [503, 'overloaded', '1']

/** A log whose pages have 20 MB, more than any system keeps for a client; counts how often it was read. */
function largeLog() {
  const json = JSON.stringify({ text: 'x'.repeat(100_000) })
  const event = { stream: 'ledger-acme', id: 'e', type: 'T', json, position: 0n }
  const log = {
    reads: 0,
    head: async () => 199n,
    end: async () => 199n,
    async readStream(_stream: string, from: bigint, count: number) {
      log.reads += 1
      return Array.from({ length: count }, (_, at) => ({ ...event, revision: from + BigInt(at) }))
    },
  }
  return log
}

async function refusal(response: Response | Promise<Response>) {
  const { status, body, headers } = await read(response)
  return [status, body['code'], headers.get('retry-after')]
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5)
}

describe('requests that are sent on one connection before the answers came', () => {
  it('are answered in order, each handled once the one before it is', async () => {
    await using http = await openHarness()
    const gate = Promise.withResolvers<void>()
    const seen: string[] = []
    http.bus.execute = async ({ key }) => {
      seen.push(key)
      if (key === 'k-0') await gate.promise
      return accepted({ data: { key } })
    }
    await using connection = await connectTo(http.port)
    const body = JSON.stringify({ reason: 'moved away' })
    const head = (key: string) =>
      [
        `POST ${close} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json`,
        `Idempotency-Key: ${key}\r\nContent-Length: ${body.length}\r\n\r\n`,
      ].join('\r\n')
    connection.send(['k-0', 'k-1', 'k-2'].map((key) => head(key) + body).join(''))
    await until(() => seen.length > 0)
    await sleep(50)
    expect(seen).toEqual(['k-0'])
    gate.resolve()
    const text = await connection.until(/"key":"k-2"/)
    expect(text.match(/"key":"k-\d"/g)).toEqual(['"key":"k-0"', '"key":"k-1"', '"key":"k-2"'])
  })

  it('make one answer at a time for a client that takes none', async () => {
    const store = largeLog()
    await using http = await openHarness({ store })
    await using connection = await connectTo(http.port)
    connection.socket.pause()
    connection.send(`GET ${events}?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(4))
    await until(() => store.reads > 0)
    await sleep(100)
    expect(store.reads).toBe(1)
    connection.socket.resume()
    await until(() => store.reads === 4)
  })

  it('are cut off where there are too many', async () => {
    const store = largeLog()
    await using http = await openHarness({ store })
    await using connection = await connectTo(http.port)
    connection.socket.pause()
    connection.send(`GET ${events}?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(500))
    await until(() => store.reads > 0)
    connection.socket.resume()
    await connection.closed()
    expect(store.reads).toBe(1)
    expect((await http.request('/health/live')).status).toBe(200)
  })
})

describe('bodies on their way in', () => {
  const head = [
    `POST ${batches} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json`,
    'Idempotency-Key: k\r\nContent-Length: 5000\r\n\r\n',
  ].join('\r\n')

  it('are refused where those of others take up all there is, until these are gone', async () => {
    await using http = await openHarness({ limits: { bodiesBytesMax: 1_000 } })
    const post = () => http.post(close, { reason: 'x'.repeat(300) })
    expect((await post()).status).toBe(201)
    const connection = await connectTo(http.port)
    connection.send(head + ' '.repeat(900))
    await until(async () => (await post()).status === 503)
    expect(await refusal(post())).toEqual(retryLater)
    expect(http.bus.batches).toEqual([])
    await connection[Symbol.asyncDispose]()
    await until(async () => (await post()).status === 201)
  })

  it('leave nothing behind, however they end', async () => {
    await using http = await openHarness({ limits: { bodiesBytesMax: 2_000, bodyBytesMax: 500 } })
    for (let count = 0; count < 20; count += 1) {
      expect(await problemOf(http.post(close, 'x'.repeat(400)))).toBe('400 malformed-json')
      const body = new Blob(['{"reason":"', 'x'.repeat(900), '"}']).stream()
      const init = { method: 'POST', body, duplex: 'half' as const }
      const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' }
      const long = http.request(close, { ...init, headers })
      expect(await problemOf(long)).toBe('413 body-too-large')
    }
    expect((await http.post(close, { reason: 'y'.repeat(300) })).status).toBe(201)
  })

  it('are not read where they are large and as many commands wait as may', async () => {
    await using http = await openHarness()
    http.bus.isFull = true
    const commands = [{ command: 'CloseAccount', accountId: 'a', reason: 'x'.repeat(70_000) }]
    expect(await refusal(http.post(batches, { mode: 'atomic', commands }))).toEqual(retryLater)
    expect((await http.post(close, { reason: 'moved away' })).status).toBe(201)
  })
})

describe('large answers that are not taken', () => {
  it('leave no room for others, until they are taken or their clients are gone', async () => {
    const store = largeLog()
    await using http = await openHarness({ store, limits: { answersBytesMax: 25_000_000 } })
    const ask = (limit: number) => http.request(`${events}?limit=${limit}`)
    const slow = await connectTo(http.port)
    slow.socket.pause()
    slow.send(`GET ${events}?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n`)
    await until(() => store.reads > 0)
    expect(await refusal(ask(200))).toEqual(retryLater)
    expect((await ask(1)).status).toBe(200)
    await slow[Symbol.asyncDispose]()
    await until(async () => (await ask(200)).status === 200)
  })

  it('take up nothing where their clients are gone before they are made', async () => {
    const log = largeLog()
    const gate = Promise.withResolvers<void>()
    const store = {
      ...log,
      async readStream(stream: string, from: bigint, count: number) {
        const page = log.readStream(stream, from, count)
        await gate.promise
        return page
      },
    }
    await using http = await openHarness({ store, limits: { answersBytesMax: 25_000_000 } })
    const first = await connectTo(http.port)
    first.send(`GET ${events}?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n`)
    http.bus.execute = async () => {
      await gate.promise
      return accepted({ data: { text: 'x'.repeat(30_000_000) } })
    }
    const second = await connectTo(http.port)
    const body = JSON.stringify({ reason: 'moved away' })
    second.send(
      [
        `POST ${close} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json`,
        `Idempotency-Key: k\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ].join('\r\n'),
    )
    await until(() => log.reads > 0)
    for (const connection of [first, second]) await connection[Symbol.asyncDispose]()
    await sleep(50)
    gate.resolve()
    await sleep(50)
    http.bus.execute = async () => accepted()
    expect((await http.post(close, { reason: 'moved away' })).status).toBe(201)
    expect((await http.request(`${events}?limit=200`)).status).toBe(200)
  })

  it('keep commands from being taken, and are given all the same where one was', async () => {
    await using http = await openHarness({ limits: { answersBytesMax: 1_000_000 } })
    http.bus.outcome = accepted({ data: { text: 'x'.repeat(30_000_000) } })
    const post = () => http.post(close, { reason: 'moved away' })
    const first = await post()
    expect(first.status).toBe(201)
    expect(await refusal(post())).toEqual(retryLater)
    expect(http.bus.commands).toHaveLength(1)
    await first.text()
    await until(async () => (await http.request('/health/live')).status === 200)
    http.bus.outcome = accepted()
    await until(async () => (await post()).status === 201)
  })
})
