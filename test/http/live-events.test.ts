import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Books } from '#test/queries/books.ts'
import { type Harness, openHarness, problemOf } from '#test/support/http-harness.ts'
import { readLive } from '#test/support/http-live-reader.ts'
import { connectTo } from '#test/support/http-socket.ts'

let http: Harness
let books: Books

beforeEach(async () => {
  await restart({})
})
afterEach(() => http.stop())

async function restart(limits: NonNullable<Parameters<typeof openHarness>[0]>['limits']) {
  await http?.stop()
  http = await openHarness({ limits: { ...limits } })
  books = new Books()
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'USD/2' }] })
  books.do('OpenAccount', { accountId: 'bank', type: 'asset' })
  for (const name of ['alice', 'bob'])
    books.do('OpenAccount', { accountId: name, type: 'liability' })
  await http.append(books.events)
}

const live = (query = '', headers = {}) =>
  readLive(`${http.url}/v1/ledgers/acme/events${query}`, headers)

/** Deposits, so many, into the books and into the log. */
async function deposit(count: number, to = 'alice', description?: string): Promise<void> {
  const from = books.events.length
  const more = description === undefined ? {} : { description }
  for (let at = 0; at < count; at += 1) books.post(`bank -> ${to} 1`, more)
  await http.append(books.events.slice(from))
}

const idsOf = (events: readonly { id: string }[]) => events.map(({ id }) => Number(id))
const upTo = (last: number, from = 0) =>
  Array.from({ length: last - from + 1 }, (_, index) => from + index)

describe('the live log', () => {
  it('is history first, then what is appended', async () => {
    await using reader = await live()
    expect(reader.response.headers.get('content-type')).toBe('text/event-stream')
    expect(reader.response.headers.get('ledger-revision')).toBe('3')
    await reader.count(4)
    await deposit(3)
    expect(idsOf(await reader.count(7))).toEqual(upTo(6))
    const [stored] = http.store.eventsOf('ledger-acme')
    expect(reader.events[0]).toEqual({ id: '0', event: 'LedgerOpened', data: stored?.json })
  })

  it('begins after the revision given; Last-Event-ID beats it', async () => {
    await using later = await live('?after=1')
    expect(idsOf(await later.count(2))).toEqual([2, 3])
    await using resumed = await live('?after=0', { 'last-event-id': '2' })
    expect(idsOf(await resumed.count(1))).toEqual([3])
    await using ahead = await live('?after=4')
    await deposit(2)
    expect(idsOf(await ahead.count(1))).toEqual([5])
  })

  it('does not hold up others where it begins after what is yet to come', async () => {
    await using ahead = await live('?after=5')
    await using further = await live('?after=1000')
    let reads = 0
    http.store.beforeRead = async () => {
      reads += 1
      await sleep(1)
    }
    await using reader = await live('?after=3')
    await sleep(100)
    expect(reads).toBeLessThan(40)
    await deposit(3)
    expect(idsOf(await reader.count(3))).toEqual([4, 5, 6])
    expect(idsOf(await ahead.count(1))).toEqual([6])
    expect(further.events).toEqual([])
  })

  it('keeps its filter while it is live', async () => {
    await http.project(books.events)
    await using bob = await live('?account=bob')
    await using opened = await live('?types=AccountOpened,AccountFrozen')
    await Promise.all([bob.count(1), opened.count(3)])
    await deposit(2, 'alice')
    await deposit(2, 'bob')
    books.do('FreezeAccount', { accountId: 'alice', direction: 'all', reason: 'a court order' })
    await http.append(books.events.slice(-1))
    expect(idsOf(await bob.count(3))).toEqual([3, 6, 7])
    expect(idsOf(await opened.count(4))).toEqual([1, 2, 3, 8])
    await sleep(50)
    expect([bob.events.length, opened.events.length]).toEqual([3, 4])
  })

  it('leaves nothing out and sends nothing twice while it catches up and is appended to', async () => {
    await deposit(500)
    const readers = await Promise.all(
      ['', '?after=100', '?account=alice'].map((query) => live(query)),
    )
    for (let round = 0; round < 20; round += 1) {
      await deposit(25)
      await sleep(5)
    }
    const last = books.events.length - 1
    const [all, some, alice] = readers
    expect(idsOf((await all?.count(last + 1)) ?? [])).toEqual(upTo(last))
    expect(idsOf((await some?.count(last - 100)) ?? [])).toEqual(upTo(last, 101))
    expect(idsOf((await alice?.count(last - 2)) ?? [])).toEqual([2, ...upTo(last, 4)])
    for (const reader of readers) await reader[Symbol.asyncDispose]()
  })

  it('resumes where it was cut off', async () => {
    await deposit(50)
    const seen: number[] = []
    for (let last = ''; seen.length < 54; ) {
      await using reader = await live('', last === '' ? {} : { 'last-event-id': last })
      const events = await reader.count(1)
      seen.push(...idsOf(events))
      last = events.at(-1)?.id ?? ''
    }
    expect(seen).toEqual(upTo(53))
  })

  it('reads the end of the log once for all, and not at all for nobody', async () => {
    let reads = 0
    http.store.beforeRead = async () => void (reads += 1)
    const readers = await Promise.all(Array.from({ length: 20 }, () => live('?after=3')))
    await sleep(100)
    reads = 0
    await sleep(300)
    expect(reads).toBeLessThan(40)
    for (const reader of readers) await reader[Symbol.asyncDispose]()
    await sleep(150)
    reads = 0
    await sleep(150)
    expect(reads).toBe(0)
  })

  it('outlives a log that cannot be read for a while', async () => {
    await using reader = await live()
    await reader.count(4)
    http.store.unreadable = true
    await sleep(60)
    http.store.unreadable = false
    await deposit(1)
    expect(idsOf(await reader.count(5))).toEqual(upTo(4))
  })

  it('sends comments while nothing happens', async () => {
    await restart({ streamCommentIntervalMs: 20 })
    await using reader = await live('?after=3')
    while (reader.comments.length < 3) await sleep(10)
    expect(reader.events).toEqual([])
  })

  it('ends when the server stops', async () => {
    await using reader = await live()
    await reader.count(4)
    await http.stop()
    await reader.ended
  })
})

describe('a client of the live log that does not read', () => {
  it('is cut off once more is waiting for it than may', async () => {
    await restart({ streamBufferBytesMax: 64 * 1024, streamBufferFullMs: 100, streamStallMs: 500 })
    await using connection = await connectTo(http.port)
    const head =
      'GET /v1/ledgers/acme/events?after=3 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n'
    connection.send(`${head}\r\n`)
    await connection.until(/: daybook/)
    connection.socket.pause()
    await using keen = await live('?after=3')
    const closed = new Promise((resolve) => {
      connection.socket.once('close', resolve)
    })
    for (let round = 0; round < 120; round += 1) {
      await deposit(100, 'alice', 'x'.repeat(900))
      await sleep(1)
    }
    await keen.count(12_000)
    await sleep(700)
    connection.socket.resume()
    await closed
    expect(connection.received().match(/^id: /gm)?.length).toBeLessThan(12_000)
  })

  it('is waited for while it catches up, but not for ever', async () => {
    await restart({ streamStallMs: 100, streamsMax: 1 })
    await deposit(6_000, 'alice', 'x'.repeat(900))
    await using connection = await connectTo(http.port)
    connection.socket.pause()
    const head = 'GET /v1/ledgers/acme/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n'
    connection.send(`${head}\r\n`)
    const another = async () => {
      const { status, body } = await http.request('/v1/ledgers/acme/events', {
        headers: { accept: 'text/event-stream' },
      })
      await body?.cancel()
      return status
    }
    await expect.poll(another, { timeout: 20_000 }).toBe(503)
    await expect.poll(another, { timeout: 20_000 }).toBe(200)
    connection.socket.resume()
    await connection.closed()
    expect(connection.received().match(/^id: /gm)?.length).toBeLessThan(6_000)
  })
})

describe('a live log that is not opened', () => {
  const stream = { headers: { accept: 'text/event-stream' } }

  it('is one too many', async () => {
    await restart({ streamsMax: 1 })
    await using first = await live()
    await first.count(4)
    const answer = await http.request('/v1/ledgers/acme/events', stream)
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(await problemOf(answer)).toBe('503 overloaded')
  })

  it.each([
    ['/v1/ledgers/nowhere/events', '404 ledger-not-found'],
    ['/v1/ledgers/acme/events?limit=5', '400 validation-failed'],
    ['/v1/ledgers/acme/events?types=x', '400 validation-failed'],
    ['/v1/ledgers/acme/events/0', '406 not-acceptable'],
  ])('is refused: %s', async (path, expected) => {
    expect(await problemOf(http.request(path, stream))).toBe(expected)
  })

  it('is refused for a Last-Event-ID that is none', async () => {
    const headers = { ...stream.headers, 'last-event-id': 'x' }
    expect(await problemOf(http.request('/v1/ledgers/acme/events', { headers }))).toBe(
      '400 validation-failed',
    )
  })

  it('has only headers for HEAD', async () => {
    const answer = await http.request('/v1/ledgers/acme/events', { method: 'HEAD', ...stream })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })
})
