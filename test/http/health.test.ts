import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { ReadModelsUnavailable } from '#ports/read-models.ts'
import { type Harness, openHarness, problemOf, read } from '#test/support/http-harness.ts'

let http: Harness
afterEach(() => http.stop())

describe('liveness', () => {
  it('is there whatever the process depends on does', async () => {
    http = await openHarness({ healthChecks: { log: () => Promise.reject(new Error('gone')) } })
    expect((await http.request('/health/live')).status).toBe(200)
  })
})

describe('readiness', () => {
  it('names every dependency', async () => {
    const healthChecks = { log: async () => {}, 'read-models': async () => {} }
    http = await openHarness({ healthChecks })
    const { status, body } = await read(http.request('/health/ready'))
    expect(status).toBe(200)
    expect(body['data']).toEqual({
      status: 'ready',
      dependencies: { log: 'up', 'read-models': 'up' },
    })
  })

  it('is still there where a dependency refuses what is new, and says so', async () => {
    const healthChecks = { log: async () => 'refusing', 'read-models': async () => {} }
    http = await openHarness({ healthChecks })
    const { status, body } = await read(http.request('/health/ready'))
    expect(status).toBe(200)
    expect(body['data']).toMatchObject({ dependencies: { log: 'refusing', 'read-models': 'up' } })
  })

  it('is a 503 that names the one that fails, and not why', async () => {
    const down = new Error('password in here')
    http = await openHarness({
      healthChecks: { log: () => Promise.reject(down), 'read-models': async () => {} },
    })
    const { status, body, text } = await read(http.request('/health/ready'))
    expect([status, body['code']]).toEqual([503, 'unavailable'])
    expect(body['context']).toEqual({ dependencies: { log: 'down', 'read-models': 'up' } })
    expect(text).not.toMatch(/password/)
    expect(http.lines).toMatchObject([
      { level: 'warn', fields: { dependency: 'log', error: down } },
    ])
  })

  it('asks a dependency once at a time, however many want to know', async () => {
    const asked: PromiseWithResolvers<void>[] = []
    const log = () => {
      asked.push(Promise.withResolvers())
      return asked.at(-1)?.promise ?? Promise.resolve()
    }
    http = await openHarness({ healthChecks: { log }, limits: { healthCheckMs: 50 } })
    const probes = () => Promise.all([1, 2, 3].map(() => http.request('/health/ready')))
    const statuses = async () => (await probes()).map(({ status }) => status)
    expect(await statuses()).toEqual([503, 503, 503])
    expect(await statuses()).toEqual([503, 503, 503])
    expect(asked).toHaveLength(1)
    asked[0]?.resolve()
    const answered = statuses()
    while (asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    asked[1]?.resolve()
    expect((await answered)[0]).toBe(200)
  })

  it('does not wait for a dependency that never answers', async () => {
    http = await openHarness({
      healthChecks: { log: () => new Promise(() => {}) },
      limits: { healthCheckMs: 50 },
    })
    expect(await problemOf(http.request('/health/ready'))).toBe('503 unavailable')
  })
})

describe('projections', () => {
  it('are listed as they say', async () => {
    http = await openHarness()
    const { body } = await read(http.request('/v1/projections'))
    expect(body).toEqual({ data: [{ name: 'accounts', status: 'live' }] })
  })

  it('are looked at once for all who ask meanwhile or soon after', async () => {
    let [looks, time] = [0, 0]
    const gate = Promise.withResolvers<void>()
    http = await openHarness({
      clock: { now: () => 0, monotonic: () => time },
      projectionStatuses: async () => {
        looks += 1
        await gate.promise
        return [{ looks }]
      },
    })
    const seen = async () => (await read(http.request('/v1/projections'))).body['data']
    const meanwhile = Promise.all(Array.from({ length: 20 }, seen))
    await expect.poll(() => looks).toBe(1)
    await sleep(50)
    time = 3_000
    gate.resolve()
    expect(new Set((await meanwhile).map((data) => JSON.stringify(data))).size).toBe(1)
    // It took 3 s, and so is told for as long.
    time = 5_999
    expect(await seen()).toEqual([{ looks: 1 }])
    time = 6_000
    expect(await seen()).toEqual([{ looks: 2 }])
    time = 6_999
    expect(await seen()).toEqual([{ looks: 2 }])
    time = 7_000
    expect(await seen()).toEqual([{ looks: 3 }])
  })

  it('are looked at again where that failed', async () => {
    let isFailing = true
    http = await openHarness({
      projectionStatuses: async () => {
        if (isFailing) throw new ReadModelsUnavailable('the file is gone')
        return []
      },
    })
    expect(await problemOf(http.request('/v1/projections'))).toBe('503 unavailable')
    isFailing = false
    expect((await http.request('/v1/projections')).status).toBe(200)
  })

  it('take no parameters', async () => {
    http = await openHarness()
    expect(await problemOf(http.request('/v1/projections?x=1'))).toBe('400 validation-failed')
  })
})
