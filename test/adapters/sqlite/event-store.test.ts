import { mkdtemp, rm } from 'node:fs/promises'
import { statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { pageBytesMax, pageEventsMax } from '#adapters/sqlite/event-log-reader.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { appendBytesMax, appendEventsMax, WrongExpectedRevision } from '#ports/event-store.ts'
import { anEvent, aStream, describeEventStore, someEvents } from '#test/contracts/event-store.ts'

async function aLog() {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-log-'))
  return {
    folder,
    open: () => openSqliteEventStore({ folder }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

describeEventStore('SQLite', aLog)

describe('an append beyond the bounds of the port', () => {
  it.each([
    ['no events', []],
    ['too many events', someEvents(appendEventsMax + 1)],
    ['too many bytes', [anEvent({ json: JSON.stringify('é'.repeat(appendBytesMax / 2)) })]],
  ])('is a bug: %s', async (_, events) => {
    await using log = await aLog()
    await using store = await log.open()
    await expect(store.append(aStream(), events, 'no-stream')).rejects.toThrow('an append has')
    await expect(store.append(aStream(), someEvents(1), -1n)).rejects.toThrow('count from 0')
  })
})

// Beyond the port, which lets a store tell events apart by their ids alone, as EventStoreDB does.
describe('other events under ids that are stored', () => {
  it.each([
    ['with other bytes', { json: '{"amount":"1251"}' }],
    ['with another type', { type: 'HoldPlaced' }],
  ])('are refused in their place: %s', async (_, change) => {
    await using log = await aLog()
    await using store = await log.open()
    const stream = aStream()
    const events = someEvents(3)
    await store.append(stream, events, 'no-stream')
    const others = events.map((event) => ({ ...event, ...change }))
    await expect(store.append(stream, others, 'no-stream')).rejects.toThrow(WrongExpectedRevision)
    const stored = await store.readStream(stream, 0n, 10)
    expect(stored.map(({ json }) => json)).toEqual(events.map(({ json }) => json))
  })
})

describe('a page', () => {
  it('has a bound of its own, in events', async () => {
    await using log = await aLog()
    await using store = await log.open()
    const stream = aStream()
    for (let at = 0n; at < 3n; at += 1n)
      await store.append(stream, someEvents(500), at === 0n ? 'no-stream' : at * 500n - 1n)
    expect(await store.readAll(undefined, 1_000_000)).toHaveLength(pageEventsMax)
    expect(await store.readStream(stream, 0n, 1_000_000)).toHaveLength(pageEventsMax)
  })

  it('has a bound of its own, in bytes, and never stops short of one event', async () => {
    await using log = await aLog()
    await using store = await log.open()
    const json = JSON.stringify('x'.repeat(appendBytesMax - 2))
    for (let at = 0; at < 12; at += 1)
      await store.append(aStream(), [anEvent({ json })], 'no-stream')
    const page = await store.readAll(undefined, 1_000)
    expect(page).toHaveLength(pageBytesMax / appendBytesMax)
    expect(await store.readAll(page.at(-1)?.position, 1_000)).toHaveLength(4)
  })
})

describe('appends made at the same time', () => {
  it('share a commit', async () => {
    await using log = await aLog()
    await using store = await log.open()
    const walBytes = () => statSync(join(log.folder, 'log.db-wal')).size
    const before = walBytes()
    for (let at = 0; at < 64; at += 1) await store.append(aStream(), someEvents(1), 'no-stream')
    const oneByOne = walBytes() - before
    await Promise.all(
      Array.from({ length: 64 }, () => store.append(aStream(), someEvents(1), 'no-stream')),
    )
    expect(walBytes() - before - oneByOne).toBeLessThan(oneByOne / 3)
  })

  it('leave the event loop free while the disk syncs', async () => {
    await using log = await aLog()
    await using store = await log.open()
    const before = performance.eventLoopUtilization()
    for (let at = 0; at < 200; at += 1) await store.append(aStream(), someEvents(1), 'no-stream')
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.8)
  })
})

describe('what is stored', () => {
  it.each(['UPDATE events SET json = NULL', 'DELETE FROM events'])(
    'refuses %s by whoever',
    async (statement) => {
      await using log = await aLog()
      await using store = await log.open()
      await store.append(aStream(), someEvents(1), 'no-stream')
      using database = new DatabaseSync(join(log.folder, 'log.db'))
      expect(() => database.exec(statement)).toThrow('the log is append-only')
    },
  )
})

describe('another process that keeps the log locked', () => {
  it('makes appends wait, and then fail without having been stored', {
    timeout: 20_000,
  }, async () => {
    await using log = await aLog()
    await using store = await log.open()
    using database = new DatabaseSync(join(log.folder, 'log.db'))
    database.exec('BEGIN IMMEDIATE')
    const waits = store.append('ledger-waits', someEvents(1), 'no-stream')
    setTimeout(() => database.exec('COMMIT'), 200)
    await waits
    database.exec('BEGIN IMMEDIATE')
    await expect(store.append('ledger-fails', someEvents(1), 'no-stream')).rejects.toMatchObject({
      name: 'EventStoreUnavailable',
    })
    database.exec('COMMIT')
    expect(await store.head('ledger-fails')).toBe('no-stream')
    expect(store.failed.aborted).toBe(false)
    await store.append('ledger-fails', someEvents(1), 'no-stream')
  })
})
