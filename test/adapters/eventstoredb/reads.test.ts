import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openEventStoreDb } from '#adapters/eventstoredb/event-store.ts'
import { aStore, impatient } from '#test/adapters/eventstoredb/stores.ts'
import { anEvent, aStream, everything, someEvents } from '#test/contracts/event-store.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

const { logger } = recordingLogger()

describe('a server that takes calls and never answers', () => {
  it.each(['mute', 'frozen'] as const)('does not hang a read: %s', async (how) => {
    await using at = await aStore(impatient)
    await at.store.check()
    at.double.mute = how === 'mute'
    at.double.freeze(how === 'frozen')
    const { store } = at
    const stream = aStream()
    const reads = [
      store.check(),
      store.head(stream),
      store.readStream(stream, 0n, 1),
      store.readAll(0n, 1),
      store.end(),
    ]
    const outcomes = await Promise.allSettled(reads)
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ reason: { name: 'EventStoreUnavailable' } })
    at.double.mute = false
    at.double.freeze(false)
    await expect.poll(() => at.store.head(stream)).toBe('no-stream')
  })
})

describe('a page of all streams that takes long', () => {
  it.each([true, false])('is given up by whoever aborts, asked already: %s', async (asked) => {
    await using at = await aStore()
    await at.store.check()
    at.double.mute = true
    const stop = new AbortController()
    if (!asked) stop.abort('enough')
    const reading = at.store.readAll(undefined, 1, stop.signal)
    await Promise.all([
      expect(reading).rejects.toBe('enough'),
      sleep(100).then(() => stop.abort('enough')),
    ])
  })
})

describe('a page', () => {
  it('has a bound of its own in bytes, and never stops short of one event', async () => {
    await using at = await aStore({ pageBytesMax: 1_000 })
    const stream = aStream()
    const json = JSON.stringify('x'.repeat(600))
    await at.store.append(
      stream,
      [0, 1, 2, 3].map(() => anEvent({ json })),
      'no-stream',
    )
    expect(await at.store.readStream(stream, 0n, 100)).toHaveLength(2)
    expect(await everything(at.store)).toHaveLength(4)
  })

  it('has a bound of its own in events', async () => {
    await using at = await aStore({ pageEventsMax: 3 })
    const stream = aStream()
    await at.store.append(stream, someEvents(10), 'no-stream')
    expect(await at.store.readStream(stream, 0n, 1_000)).toHaveLength(3)
    const first = await at.store.readAll(undefined, 1_000)
    expect(first).toHaveLength(3)
    expect(await at.store.readAll(first.at(-1)?.position, 1_000)).toHaveLength(3)
  })

  it('gives no event of the server in our streams, and passes them', async () => {
    await using at = await aStore({ pageEventsMax: 2 })
    const stream = aStream()
    await at.store.append(stream, someEvents(1), 'no-stream')
    const data = Buffer.from('{}')
    const system = () => ({
      id: randomUUID(),
      type: '$system',
      contentType: 'application/json',
      data,
    })
    at.double.log.append('ledger-other', Array.from({ length: 9 }, system), 'any')
    await at.store.append(stream, someEvents(1), 0n)
    const [first] = await at.store.readAll(undefined, 1)
    expect((await at.store.readAll(first?.position, 10)).map(({ revision }) => revision)).toEqual([
      1n,
    ])
  })
})

describe('logs that share a server', () => {
  it('are told apart by their prefix, and see nothing else on it', async () => {
    await using at = await aStore()
    const open = (streamPrefix: string) =>
      openEventStoreDb({ url: at.double.url, logger, streamPrefix })
    await using one = await open('one-')
    await using other = await open('other-')
    await one.append('ledger-acme', someEvents(2), 'no-stream')
    await other.append('ledger-acme', someEvents(1), 'no-stream')
    await one.append('daybook-relay', someEvents(1), 'no-stream')
    await one.append('elsewhere', someEvents(1), 'no-stream')
    at.double.log.append(
      'foreign',
      someEvents(1).map((event) => ({
        ...event,
        contentType: 'application/json',
        data: Buffer.from(event.json),
      })),
      'any',
    )
    expect((await everything(one)).map(({ stream }) => stream)).toEqual([
      'ledger-acme',
      'ledger-acme',
      'daybook-relay',
    ])
    expect(await everything(other)).toHaveLength(1)
    expect(await everything(at.store)).toEqual([])
    expect(await at.store.end()).toBe(undefined)
    expect(await one.end()).toBe((await everything(one)).at(-1)?.position)
    expect(await at.store.head('ledger-acme')).toBe('no-stream')
    expect(at.double.log.stream('one-ledger-acme')).toHaveLength(2)
  })
})

describe('an event with two positions', () => {
  it('is refused, as one number can not stand for both', async () => {
    await using at = await aStore()
    await at.store.append('ledger-acme', someEvents(1), 'no-stream')
    at.double.preparedEarlierBy = 5n
    await expect(at.store.readAll(undefined, 1)).rejects.toThrow('has two positions')
    await expect(at.store.readStream('ledger-acme', 0n, 1)).rejects.toThrow('not written by this')
  })
})

describe('an append whose answer has no position', () => {
  it('is read back', async () => {
    await using at = await aStore()
    const stream = aStream()
    at.double.tellsPositions = false
    const events = someEvents(3)
    const position = await at.store.append(stream, events, 'no-stream')
    expect((await at.store.readStream(stream, 2n, 1))[0]?.position).toBe(position)
    expect(await at.store.append(stream, events, 'no-stream')).toBe(position)
  })
})

describe('waiting for what is appended', () => {
  it('ends at the append, long before its delay', async () => {
    await using at = await aStore()
    const waiting = at.store.appended(60_000, AbortSignal.any([]))
    await expect.poll(() => at.double.subscriptions).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const before = performance.now()
    const again = at.store.appended(60_000, AbortSignal.any([]))
    await at.store.append(aStream(), someEvents(1), 'no-stream')
    await Promise.all([waiting, again])
    expect(performance.now() - before).toBeLessThan(1_000)
  })

  it('ends after its delay when nothing comes, or nothing can', async () => {
    await using at = await aStore()
    await at.store.appended(20, AbortSignal.any([]))
    await at.double.stop()
    await at.store.appended(20, AbortSignal.any([]))
    await at.store.appended(60_000, AbortSignal.abort())
    await at.store.appended(60_000, AbortSignal.timeout(20))
  })

  it('ends when the store closes', async () => {
    await using at = await aStore()
    const waiting = at.store.appended(60_000, AbortSignal.any([]))
    await at.store[Symbol.asyncDispose]()
    await waiting
  })

  it('leaves nothing behind on a signal that lives long', async () => {
    await using at = await aStore()
    const warnings: unknown[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    const { signal } = new AbortController()
    for (let turn = 0; turn < 20; turn += 1) await at.store.appended(1, signal)
    await new Promise(setImmediate)
    process.off('warning', note)
    expect(warnings).toEqual([])
  })
})
