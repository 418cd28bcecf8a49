import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client'
import { describe, expect, it } from 'vitest'
import { openEventStoreDb } from '#adapters/eventstoredb/event-store.ts'
import { anEvent, aStream, someEvents } from '#test/contracts/event-store.ts'
import { aStore, impatient, openStoreOn, settles } from '#test/adapters/eventstoredb/stores.ts'
import { type EventStoreDouble, startEventStoreDouble } from '#test/support/eventstoredb/start.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

// Each fact is shown with the client alone first, so that a version without it is noticed, and then with the adapter.

/** The client alone, as it is used by everybody. */
function bareClient({ url }: EventStoreDouble, options = '') {
  const client = EventStoreDBClient.connectionString(`${url}${options}`)
  const append = (stream: string) =>
    client.appendToStream(stream, jsonEvent({ type: 'Bare', data: { amount: '1' } }), {
      expectedRevision: NO_STREAM,
      deadline: 300,
    })
  return { client, append, [Symbol.asyncDispose]: () => client.dispose() }
}

/** Runs code in a process of its own, with the client alone; all it wrote, and whether it died. */
async function inProcess(code: string, env: Record<string, string> = {}) {
  const script = `
    import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
    import { openEventStoreDb } from '#adapters/eventstoredb/event-store.ts'
    const silent = { debug() {}, info() {}, warn() {}, error() {} }
    ${code}`
  const args = ['--input-type=module', '--eval', script]
  const options = { env: { ...process.env, ...env }, timeout: 20_000 }
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options)
    return { output: `${stdout}${stderr}`, died: false }
  } catch (error) {
    const { stdout, stderr } = Object.assign({ stdout: '', stderr: '' }, error)
    return { output: `${stdout}${stderr}`, died: true }
  }
}

describe('a batch append', () => {
  it('has no deadline on the client: a silent server hangs it for ever', async () => {
    await using double = await startEventStoreDouble()
    double.mute = true
    await using bare = bareClient(double)
    // The first call asks for the server's features, which is answered.
    expect(await settles(bare.append(aStream()), 2_000)).toBe(false)
    expect(double.calls.map(({ method }) => method)).toContain('batchAppend')
    await using store = await openStoreOn(double, impatient)
    await expect(store.append(aStream(), someEvents(1), 'no-stream')).rejects.toMatchObject({
      name: 'AppendOutcomeUnknown',
    })
  })

  it('is taken by the client unless credentials are given, and never by the adapter', async () => {
    await using at = await aStore()
    await using bare = bareClient(at.double)
    await bare.append(aStream())
    expect(at.double.calls.map(({ method }) => method)).toEqual(['features', 'batchAppend'])
    at.double.calls.length = 0
    await at.store.append(aStream(), someEvents(3), 'no-stream')
    expect(at.double.calls).toEqual([{ method: 'append', leader: true, authorization: '' }])
  })

  it('never settles when the server ends the call without an error', async () => {
    await using at = await aStore()
    at.double.mute = true
    // Nor does closing the client.
    const bare = bareClient(at.double)
    const hanging = bare.append(aStream())
    await expect.poll(() => at.double.calls.at(-1)?.method).toBe('batchAppend')
    at.double.endBatches()
    expect(await settles(hanging, 1_500)).toBe(false)
    expect(await settles(bare.client.dispose(), 1_000)).toBe(false)
  })

  it('settles, for the adapter, when the server goes away gracefully', async () => {
    await using at = await aStore()
    at.double.faults.push({ kind: 'slow', ms: 300 })
    const append = at.store.append(aStream(), someEvents(1), 'no-stream')
    await expect.poll(() => at.double.calls.at(-1)?.method).toBe('append')
    at.double.goAway(5_000)
    expect(await settles(append, 5_000)).toBe(true)
    await at.store.append(aStream(), someEvents(1), 'no-stream')
  })

  it('tells a wrong version, without a throw, as revision 1 whatever it is', async () => {
    await using double = await startEventStoreDouble()
    await using bare = bareClient(double, '&throwOnAppendFailure=false')
    const stream = aStream()
    await bare.append(stream)
    expect(await bare.append(stream)).toMatchObject({ success: false, nextExpectedRevision: 1n })
    await using store = await openStoreOn(double)
    await expect(store.append(stream, someEvents(1), 'no-stream')).rejects.toMatchObject({
      name: 'WrongExpectedRevision',
    })
  })

  it("shares one map of promises: one client's error rejects another client's append", async () => {
    await using sound = await startEventStoreDouble()
    await using broken = await startEventStoreDouble()
    sound.mute = true
    broken.mute = true
    await using soundClient = bareClient(sound)
    await using brokenClient = bareClient(broken)
    const appends = [soundClient.append(aStream()), brokenClient.append(aStream())]
    const rejected = Promise.allSettled(appends)
    await expect.poll(() => sound.calls.at(-1)?.method).toBe('batchAppend')
    await expect.poll(() => broken.calls.at(-1)?.method).toBe('batchAppend')
    broken.dropConnections()
    expect((await rejected).map(({ status }) => status)).toEqual(['rejected', 'rejected'])

    sound.mute = false
    broken.mute = false
    await using soundStore = await openStoreOn(sound)
    await using brokenStore = await openStoreOn(broken)
    sound.faults.push({ kind: 'slow', ms: 300 })
    broken.faults.push({ kind: 'lost', stored: false })
    const [kept, lost] = await Promise.allSettled(
      [soundStore, brokenStore].map((store) => store.append(aStream(), someEvents(1), 'no-stream')),
    )
    expect([kept?.status, lost?.status]).toEqual(['fulfilled', 'rejected'])
  })
})

describe('a BigInt in event data', () => {
  it('makes the client reject where nobody listens, which ends the process', async () => {
    await using double = await startEventStoreDouble()
    const { output, died } = await inProcess(`
      const client = EventStoreDBClient.connectionString('${double.url}')
      const credentials = { username: 'any', password: 'any' }
      client.appendToStream('s', jsonEvent({ type: 'T', data: { amount: 1n } }), { credentials }).catch(() => {})
      setTimeout(() => console.log('survived'), 2_000)`)
    expect(died).toBe(true)
    expect(output).toContain('serialize a BigInt')
  })

  it('can not come: bytes go as they are, marked as JSON', async () => {
    await using at = await aStore()
    const json = '{"amount":12345678901234567890, "tiny":1e400}'
    await at.store.append('ledger-acme', [anEvent({ json })], 'no-stream')
    const [stored] = at.double.log.stream('ledger-acme')
    expect(stored?.contentType).toBe('application/json')
    expect(Buffer.from(stored?.data ?? []).toString()).toBe(json)
  })
})

describe('reading JSON', () => {
  it('loses what a number does not hold, with the client, and no byte with the adapter', async () => {
    await using at = await aStore()
    const json = '{"amount":9007199254740993,"tiny":1e400}'
    await at.store.append('ledger-acme', [anEvent({ json })], 'no-stream')
    await using bare = bareClient(at.double)
    const read: unknown[] = []
    for await (const { event } of bare.client.readStream('ledger-acme')) read.push(event?.data)
    expect(read).toEqual([{ amount: 9007199254740992, tiny: Number.POSITIVE_INFINITY }])
    expect((await at.store.readStream('ledger-acme', 0n, 1))[0]?.json).toBe(json)
  })
})

describe('a subscription that the server ends', () => {
  it('ends silently with the client, and is asked for again by the adapter', async () => {
    await using at = await aStore({ resubscribeMinMs: 10 })
    await using bare = bareClient(at.double)
    const ended = (async () => {
      for await (const _ of bare.client.subscribeToAll()) continue
      return 'without an error'
    })()
    await expect.poll(() => at.double.subscriptions).toBe(1)
    at.double.endSubscriptions()
    expect(await ended).toBe('without an error')

    const stop = new AbortController()
    const waiting = at.store.appended(60_000, stop.signal)
    for (let round = 0; round < 3; round += 1) {
      await expect.poll(() => at.double.subscriptions).toBe(1)
      at.double.endSubscriptions()
    }
    await expect.poll(() => at.double.subscriptions).toBe(1)
    stop.abort()
    await waiting
  })
})

describe('a call that fails', () => {
  it('takes down only what is under way on its own connection', async () => {
    await using at = await aStore({ resubscribeMinMs: 10 })
    const stop = new AbortController()
    const waiting = at.store.appended(60_000, stop.signal)
    await expect.poll(() => at.double.subscriptions).toBe(1)
    at.double.faults.push({ kind: 'slow', ms: 300 })
    const append = at.store.append(aStream(), someEvents(1), 'no-stream')
    at.double.failSubscriptions()
    await append
    stop.abort()
    await waiting
  })
})

describe('a cluster whose nodes are all gone', () => {
  /** Gossip at one double names the other as leader; so they can go away at different times. */
  const aCluster = async () => {
    const gossip = await startEventStoreDouble()
    const node = await startEventStoreDouble()
    gossip.leaderPort = node.port
    const seed = `127.0.0.1:${gossip.port}`
    const url = `esdb://${seed},${seed}?tls=false&maxDiscoverAttempts=3&discoveryInterval=400`
    const dispose = async () => {
      await gossip[Symbol.asyncDispose]()
      await node[Symbol.asyncDispose]()
    }
    return { gossip, node, url, [Symbol.asyncDispose]: dispose }
  }

  /** One call is refused, the next looks for a node in vain, and meanwhile one on the old connection breaks. */
  const takeAway = async ({ gossip, node }: Awaited<ReturnType<typeof aCluster>>) => {
    await expect.poll(() => node.calls.length, { timeout: 10_000 }).toBe(2)
    await gossip.stop()
    node.faults.push({ kind: 'refused', refusal: 'not-ready' })
  }

  it('makes the client reject where nobody listens, which ends the process', async () => {
    await using cluster = await aCluster()
    cluster.node.faults.push({ kind: 'silent', stored: false }, { kind: 'silent', stored: false })
    const dying = inProcess(`
      const client = EventStoreDBClient.connectionString('${cluster.url}')
      const append = (deadline) => client.appendToStream('s', jsonEvent({ type: 'T', data: {} }),
        { deadline, credentials: { username: 'any', password: 'any' } }).catch(() => {})
      append(10_000)
      await append(1_500)
      await append(1_500)
      await append(1_500)
      setTimeout(() => {}, 2_000)`)
    await takeAway(cluster)
    await expect.poll(() => cluster.node.calls.length, { timeout: 10_000 }).toBe(3)
    setTimeout(() => cluster.node.dropConnections(), 200)
    const { output, died } = await dying
    expect(died).toBe(true)
    expect(output).toContain('Failed to discover')
  })

  it('makes the adapter say that the store is unavailable', async () => {
    await using cluster = await aCluster()
    const { logger } = recordingLogger()
    const limits = { appendDeadlineMs: 3_000 }
    await using store = await openEventStoreDb({ url: cluster.url, logger, limits })
    const append = () => store.append(aStream(), someEvents(1), 'no-stream')
    cluster.node.faults.push({ kind: 'silent', stored: false }, { kind: 'silent', stored: false })
    const early = Promise.allSettled([append(), append()])
    await takeAway(cluster)
    await expect(append()).rejects.toMatchObject({ name: 'AppendOutcomeUnknown' })
    setTimeout(() => cluster.node.dropConnections(), 200)
    await expect(append()).rejects.toMatchObject({ name: 'EventStoreUnavailable' })
    expect((await early).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})

describe('a password in the URL', () => {
  const secret = 's3cret'
  const withUser = (url: string) => url.replace('://', `://admin:${secret}@`).concat('&nonsense=1')

  it('is printed by the client that meets an option it does not know', async () => {
    await using double = await startEventStoreDouble()
    const { output } = await inProcess(
      `EventStoreDBClient.connectionString('${withUser(double.url)}')`,
    )
    expect(output).toContain(secret)
  })

  it('never appears with the adapter', async () => {
    await using double = await startEventStoreDouble()
    const { output, died } = await inProcess(
      `const store = await openEventStoreDb({ url: '${withUser(double.url)}', logger: silent })
      const event = { id: crypto.randomUUID(), type: 'T', json: '{}' }
      await store.append('ledger-a', [event], 'no-stream')
      await store.check()
      await store[Symbol.asyncDispose]()
      console.log('done')`,
      { DEBUG: 'esdb*' },
    )
    expect(died).toBe(false)
    expect(output).toContain('done')
    expect(output).toContain('nonsense')
    expect(output).not.toContain(secret)
    expect(output).not.toContain(Buffer.from(`admin:${secret}`).toString('base64'))
  })
})
