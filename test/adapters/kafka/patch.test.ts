import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { patchedVersion, patchKafkajs, requestQueuePrototype } from '#adapters/kafka/patch.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

type Queue = {
  pending: unknown[]
  scheduleCheckPendingRequests(): void
  checkPendingRequests(): void
  maybeThrottle(forMs: number): void
  push(request: object): void
  destroy(): void
}

const RequestQueue: new (options: object) => Queue = createRequire(import.meta.url)(
  'kafkajs/src/network/requestQueue',
)
const original = requestQueuePrototype().scheduleCheckPendingRequests
const { logger, lines } = recordingLogger()
let correlationId = 0
const silent = { debug: () => {} }

/** How often in so long a queue with nothing to do looks for something to do. */
async function looksOf(idleMs: number): Promise<number> {
  const queue = aQueue()
  let looks = -1
  const look = queue.checkPendingRequests.bind(queue)
  queue.checkPendingRequests = () => {
    looks += 1
    look()
  }
  queue.checkPendingRequests()
  await sleep(idleMs)
  queue.destroy()
  return looks
}

function aQueue(options: object = {}): Queue {
  return new RequestQueue({ clientId: 'test', broker: 'broker', logger: silent, ...options })
}

/** Resolves to after how many milliseconds the queue sends it. */
function sentAfterMs(queue: Queue): Promise<number> {
  const before = performance.now()
  correlationId += 1
  const entry = { correlationId, resolve: () => {}, reject: () => {} }
  return new Promise((resolve) => {
    const sendRequest = () => resolve(performance.now() - before)
    queue.push({ entry, expectResponse: true, sendRequest })
  })
}

describe('the timer of kafkajs', () => {
  afterEach(() => {
    requestQueuePrototype().scheduleCheckPendingRequests = original
  })

  it('runs without end where nothing waits', async () => {
    // Some 870 a second on an idle machine.
    expect(await looksOf(500)).toBeGreaterThan(25)
  })

  it('does not run where nothing waits once it is patched', async () => {
    patchKafkajs(logger)
    patchKafkajs(logger)
    expect(await looksOf(300)).toBe(0)
    expect(lines).toEqual([])
  })

  it('still honours a broker that throttles', async () => {
    patchKafkajs(logger)
    const queue = aQueue()
    queue.maybeThrottle(120)
    const afterMs = await sentAfterMs(queue)
    expect(afterMs).toBeGreaterThan(110)
    expect(afterMs).toBeLessThan(400)
    queue.destroy()
  })

  it('still sends what waited for others, soon', async () => {
    patchKafkajs(logger)
    const queue = aQueue({ maxInFlightRequests: 1, requestTimeout: 60 })
    await sentAfterMs(queue)
    const second = sentAfterMs(queue)
    expect(queue.pending).toHaveLength(1)
    Object.assign(queue, { maxInFlightRequests: 2 })
    expect(await second).toBeLessThan(200)
    queue.destroy()
  })

  it('is left as it is in any other version, and said so', () => {
    const told = recordingLogger()
    patchKafkajs(told.logger, '2.2.5')
    expect(requestQueuePrototype().scheduleCheckPendingRequests).toBe(original)
    expect(told.lines).toMatchObject([
      { level: 'error', fields: { version: '2.2.5', patchedVersion } },
    ])
  })
})
