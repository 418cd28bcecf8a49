import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { memoryOf } from '#test/support/memory-of.ts'
import { type Program, startProgram, temporaryFolder } from '#test/support/program.ts'

const mib = 1024

/** What a few hundred connections and one page of the log take, with room to spare. */
const othersKib = 400 * mib

/** A program with a ledger whose pages have 3 MB. */
async function withLargePages(program: Program): Promise<ApiClient> {
  const api = new ApiClient(program.url)
  await new Load(['wide']).prepare(api)
  const metadata = { pad: 'x'.repeat(16_000) }
  const postings = [{ debit: 'a:0', credit: 'a:1', asset: 'USD/2', amount: '1' }]
  const command = { command: 'PostTransaction', postings, metadata }
  const commands = Array.from({ length: 25 }, () => command)
  for (let count = 0; count < 8; count += 1) {
    const { status } = await api.post('/v1/ledgers/wide/batches', { mode: 'atomic', commands })
    expect(status).toBe(201)
  }
  return api
}

async function connection({ url }: Program): Promise<Socket> {
  const { hostname: host, port } = new URL(url)
  const socket = connect({ host, port: Number(port) })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

async function isWell(api: ApiClient): Promise<void> {
  expect((await api.get('/health/live')).status).toBe(200)
}

it('a client that sends thousands of requests on one connection and takes no answer costs one answer', async () => {
  await using folder = await temporaryFolder()
  await using program = await startProgram(folder.path)
  using api = await withLargePages(program)
  const before = memoryOf(program.pid)
  const socket = await connection(program)
  socket.pause()
  const request = 'GET /v1/ledgers/wide/events?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n'
  socket.write(request.repeat(3_000))
  await sleep(1_000)
  await isWell(api)
  expect(memoryOf(program.pid) - before).toBeLessThan(othersKib)
  socket.destroy()
}, 60_000)

it('clients whose large bodies never end take up no more than all bodies may; others are told to come back', async () => {
  await using folder = await temporaryFolder()
  await using program = await startProgram(folder.path)
  using api = await withLargePages(program)
  const before = memoryOf(program.pid)
  const head = [
    'POST /v1/ledgers/wide/batches HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k',
    'Content-Type: application/json\r\nContent-Length: 4000000\r\n\r\n',
  ].join('\r\n')
  const part = Buffer.alloc(2_000_000, ' ')
  const sockets = await Promise.all(Array.from({ length: 300 }, () => connection(program)))
  const answers: string[] = []
  for (const socket of sockets) {
    socket.on('data', (chunk: Buffer) => answers.push(chunk.toString('latin1')))
    socket.write(head)
    socket.write(part)
  }
  while (answers.length === 0) await sleep(20)
  expect(answers[0]).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: 1\r\n[^]*"code":"overloaded"/)
  await isWell(api)
  expect(memoryOf(program.pid) - before).toBeLessThan(256 * mib + othersKib)
  for (const socket of sockets) socket.destroy()
  const { status } = await api.post('/v1/ledgers/wide/accounts', { accountId: 'b', type: 'asset' })
  expect(status).toBe(201)
}, 60_000)

it('clients whose bodies come byte by byte take up no more than their bytes', async () => {
  await using folder = await temporaryFolder()
  await using program = await startProgram(folder.path)
  using api = new ApiClient(program.url)
  const before = memoryOf(program.pid)
  const head = [
    'POST /v1/ledgers/wide/batches HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k',
    'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  ].join('\r\n')
  const chunks = Buffer.from('1\r\n \r\n'.repeat(50_000))
  const sockets = await Promise.all(Array.from({ length: 60 }, () => connection(program)))
  for (const socket of sockets) {
    socket.write(head)
    socket.write(chunks)
  }
  await sleep(3_000)
  await isWell(api)
  expect(memoryOf(program.pid) - before).toBeLessThan(othersKib)
  for (const socket of sockets) socket.destroy()
}, 60_000)

it('clients that take none of their large answers leave room for all other requests', async () => {
  await using folder = await temporaryFolder()
  await using program = await startProgram(folder.path)
  using api = await withLargePages(program)
  const before = memoryOf(program.pid)
  const sockets = await Promise.all(Array.from({ length: 400 }, () => connection(program)))
  for (const socket of sockets) {
    socket.pause()
    socket.write('GET /v1/ledgers/wide/events?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n')
  }
  await sleep(2_000)
  await isWell(api)
  // The page is in memory as text, and once more as bytes on its way.
  expect(memoryOf(program.pid) - before).toBeLessThan(2 * 256 * mib + othersKib)
  for (const socket of sockets) socket.destroy()
}, 60_000)

/** A program with a ledger that has 40 events of 220 KB each. */
async function withLargeEvents(program: Program): Promise<ApiClient> {
  const api = new ApiClient(program.url)
  await new Load(['wide']).prepare(api)
  const [debit, credit] = ['d', 'c'].map((letter) => letter.repeat(250))
  for (const accountId of [debit, credit])
    await api.post('/v1/ledgers/wide/accounts', { accountId, type: 'equity' })
  const postings = Array.from({ length: 400 }, () => ({
    debit,
    credit,
    asset: 'USD/2',
    amount: '1',
  }))
  for (let count = 0; count < 40; count += 1) {
    const { status } = await api.post('/v1/ledgers/wide/transactions', { postings })
    expect(status).toBe(201)
  }
  return api
}

it('readers who are far behind the live log and take nothing hold little of it', async () => {
  await using folder = await temporaryFolder()
  await using program = await startProgram(folder.path)
  using api = await withLargeEvents(program)
  const before = memoryOf(program.pid)
  const sockets = await Promise.all(Array.from({ length: 300 }, () => connection(program)))
  for (const socket of sockets) {
    socket.pause()
    socket.write(
      'GET /v1/ledgers/wide/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n',
    )
  }
  await sleep(4_000)
  await isWell(api)
  expect(memoryOf(program.pid) - before).toBeLessThan(300 * mib + othersKib)
  for (const socket of sockets) socket.destroy()
}, 60_000)
