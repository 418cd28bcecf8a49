import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { describeEventStoreDbUrl } from '#adapters/eventstoredb/address.ts'
import { openEventStoreDb } from '#adapters/eventstoredb/event-store.ts'
import {
  appendBytesMax,
  appendEventsMax,
  AppendOutcomeUnknown,
  EventStoreUnavailable,
  WrongExpectedRevision,
} from '#ports/event-store.ts'
import { aStore, impatient, openStoreOn } from '#test/adapters/eventstoredb/stores.ts'
import { anEvent, aStream, someEvents } from '#test/contracts/event-store.ts'
import type { Refusal } from '#test/support/eventstoredb/faults.ts'
import { startEventStoreDouble } from '#test/support/eventstoredb/start.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

const { logger } = recordingLogger()

describe('an append whose answer does not come', () => {
  const faults = [
    { kind: 'lost', stored: true },
    { kind: 'lost', stored: false },
    { kind: 'silent', stored: true },
    { kind: 'silent', stored: false },
  ] as const
  it.each(faults)(
    'has an unknown outcome, and the identical events again tell: %o',
    async (fault) => {
      await using at = await aStore(impatient)
      const stream = aStream()
      const events = someEvents(3)
      at.double.faults.push(fault)
      await expect(at.store.append(stream, events, 'no-stream')).rejects.toThrow(
        AppendOutcomeUnknown,
      )
      expect(at.double.log.stream(stream)).toHaveLength(fault.stored ? 3 : 0)
      await at.store.append(stream, events, 'no-stream')
      const stored = await at.store.readStream(stream, 0n, 10)
      expect(stored.map(({ json }) => json)).toEqual(events.map(({ json }) => json))
      expect(at.store.failed.aborted).toBe(false)
    },
  )

  it('has an unknown outcome when the connection is half open', async () => {
    await using at = await aStore(impatient)
    await at.store.append(aStream(), someEvents(1), 'no-stream')
    at.double.freeze(true)
    const stream = aStream()
    const events = someEvents(1)
    await expect(at.store.append(stream, events, 'no-stream')).rejects.toThrow(AppendOutcomeUnknown)
    at.double.freeze(false)
    await at.store.append(stream, events, 'no-stream')
    expect(await at.store.head(stream)).toBe(0n)
  })
})

describe('an append that the server refuses', () => {
  it.each<[Refusal, string]>([
    ['not-leader', 'EventStoreUnavailable'],
    ['access-denied', 'EventStoreUnavailable'],
    ['stream-deleted', 'EventStoreUnavailable'],
    ['too-large', 'EventStoreUnavailable'],
    ['not-ready', 'AppendOutcomeUnknown'],
    ['timed-out', 'AppendOutcomeUnknown'],
    ['unknown', 'AppendOutcomeUnknown'],
    ['wrong-version', 'WrongExpectedRevision'],
  ])('%s is %s', async (refusal, name) => {
    await using at = await aStore(impatient)
    at.double.faults.push({ kind: 'refused', refusal })
    const stream = aStream()
    const events = someEvents(1)
    await expect(at.store.append(stream, events, 'no-stream')).rejects.toMatchObject({ name })
    await at.store.append(stream, events, 'no-stream')
  })
})

describe('a server that is not there', () => {
  it('is unavailable, names itself, and is used again once it is back', async () => {
    await using at = await aStore(impatient)
    const stream = aStream()
    await at.store.append(stream, someEvents(2), 'no-stream')
    const [event = anEvent()] = someEvents(1)
    const append = async () => {
      try {
        await at.store.append(stream, [event], 1n)
        return 'stored'
      } catch (error) {
        return error instanceof Error ? `${error.name}: ${String(error.cause)}` : 'no error'
      }
    }
    await at.double.stop()
    await expect.poll(append).toContain('EventStoreUnavailable: Error: esdb://127.0.0.1')
    await expect(at.store.check()).rejects.toThrow(EventStoreUnavailable)
    await expect(at.store.readAll(undefined, 1)).rejects.toThrow(EventStoreUnavailable)
    await at.double.start()
    await expect.poll(append, { timeout: 10_000 }).toBe('stored')
    expect(await at.store.readStream(stream, 0n, 10)).toHaveLength(3)
    await at.store.check()
  })
})

describe('the ids of events', () => {
  it('are all that the server compares: one id must never stand for two contents', async () => {
    await using at = await aStore()
    const stream = aStream()
    const [first = anEvent(), ...more] = someEvents(3)
    const position = await at.store.append(stream, [first, ...more], 'no-stream')
    const other = { ...first, json: '{"amount":"0"}' }
    expect(await at.store.append(stream, [other], 'no-stream')).toBeLessThan(position)
    expect((await at.store.readStream(stream, 0n, 1))[0]?.json).toBe(first.json)
    await expect(at.store.append(stream, [first, ...someEvents(1)], 'no-stream')).rejects.toThrow(
      WrongExpectedRevision,
    )
  })
})

describe('an append beyond the bounds of the port', () => {
  it.each([
    ['no events', []],
    ['too many events', someEvents(appendEventsMax + 1)],
    ['too many bytes', [anEvent({ json: JSON.stringify('é'.repeat(appendBytesMax / 2)) })]],
  ])('is a bug: %s', async (_, events) => {
    await using at = await aStore()
    await expect(at.store.append(aStream(), events, 'no-stream')).rejects.toThrow('an append has')
    await expect(at.store.append(aStream(), someEvents(1), -1n)).rejects.toThrow('count from 0')
  })
})

describe('many appends at the same time', () => {
  it('wait for one another beyond a bound, and are refused beyond another', async () => {
    await using at = await aStore({ appendsAtOnceMax: 4, appendsWaitingMax: 8 })
    at.double.faultFor = () => ({ kind: 'slow', ms: 200 })
    const append = () => at.store.append(aStream(), someEvents(1), 'no-stream')
    const outcomes = Promise.allSettled(Array.from({ length: 20 }, append))
    await expect.poll(() => at.double.calls.length, { interval: 5 }).toBe(4)
    await sleep(20)
    expect(at.double.calls).toHaveLength(4)
    const refused = (await outcomes).filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(8)
    expect(refused[0]).toMatchObject({ reason: { message: 'too many appends are waiting' } })
    expect(at.double.calls).toHaveLength(12)
  })

  it('go out one of a stream at a time: a repeated one is dropped before it is replicated', async () => {
    await using at = await aStore()
    at.double.faultFor = () => ({ kind: 'slow', ms: 100 })
    const stream = aStream()
    const events = someEvents(1)
    const appends = Promise.all([1, 2].map(() => at.store.append(stream, events, 'no-stream')))
    await expect.poll(() => at.double.calls.length).toBe(1)
    const [first, second] = await appends
    expect(second).toBe(first)
    expect(at.double.calls).toHaveLength(2)
  })
})

describe('closing', () => {
  it('waits for appends, says that it is closed afterwards, and opens nothing', async () => {
    await using double = await startEventStoreDouble()
    const store = await openStoreOn(double)
    double.faults.push({ kind: 'slow', ms: 200 })
    const append = store.append(aStream(), someEvents(1), 'no-stream')
    await store[Symbol.asyncDispose]()
    await append
    await expect(store.head(aStream())).rejects.toThrow('is closed')
    await store.appended(1, AbortSignal.any([]))
    expect(double.calls).toHaveLength(1)
  })
})

describe('closing while the server is silent', () => {
  it.each(['mute', 'frozen'] as const)(
    'ends reads and waits, and takes no longer: %s',
    async (how) => {
      await using at = await aStore()
      await at.store.check()
      at.double.mute = how === 'mute'
      at.double.freeze(how === 'frozen')
      const reads = Promise.allSettled([at.store.readAll(undefined, 1), at.store.head(aStream())])
      const waiting = at.store.appended(60_000, AbortSignal.any([]))
      await sleep(100)
      const before = performance.now()
      await at.store[Symbol.asyncDispose]()
      for (const outcome of await reads)
        expect(outcome).toMatchObject({ reason: { name: 'EventStoreUnavailable' } })
      await waiting
      expect(performance.now() - before).toBeLessThan(4_000)
    },
  )
})

describe('the URL of a server', () => {
  it.each([
    ['esdb://node:2113', 'esdb://node:2113'],
    ['esdb://u:p@node:2113?tls=false', 'esdb://node:2113'],
    ['kurrentdb://u:p%40@node?tls=true', 'esdb://node'],
    ['kurrentdb+discover://u:p@cluster.example:2113', 'esdb+discover://cluster.example:2113'],
    [
      'esdb://a:b@one:2113,two:2113,three:2113/?nodePreference=leader',
      'esdb://one:2113,two:2113,three:2113',
    ],
  ])('is described without secrets: %s', (url, description) => {
    expect(describeEventStoreDbUrl(url)).toBe(description)
  })

  it.each([
    'http://s3cret@x',
    'esdb://s3cret@node',
    'esdb://a:s3cret:b@node',
    'esdb://a:%s3cret@n',
    'esdb://a:s3cret@node?nodePreference=none',
    'esdb://a:s3cret@node?tlsCAFile=/no/such/file',
    '',
  ])('is refused without being told, where it can not be understood: %s', async (url) => {
    const refusal = await openEventStoreDb({ url, logger }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(TypeError)
    expect(String(refusal)).not.toContain('s3cret')
  })
})
