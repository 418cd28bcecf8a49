import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { EventStoreUnavailable } from '#ports/event-store.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'
import { openHarness, problemOf, read } from '#test/support/http-harness.ts'
import { exchangeRaw } from '#test/support/http-socket.ts'

const http = await openHarness()
afterAll(() => http.stop())
beforeEach(() => {
  http.bus.failure = undefined
})

const close = '/v1/ledgers/acme/accounts/users:alice/close'
const reason = { reason: 'moved away' }

describe('a problem', () => {
  it('has the members of the contract, in their order', async () => {
    const { body, headers } = await read(http.request('/v1/nothing?secret=1'))
    expect(Object.keys(body)).toEqual([
      'type',
      'title',
      'status',
      'detail',
      'instance',
      'code',
      'requestId',
      'errors',
      'context',
    ])
    expect(body).toMatchObject({
      type: 'urn:daybook:problem:not-found',
      title: 'Not found',
      status: 404,
      code: 'not-found',
      instance: '/v1/nothing',
      errors: [],
      context: {},
    })
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  })

  it('tells nothing of a bug but the id under which it was logged', async () => {
    const failure = new Error('SELECT * FROM secrets')
    http.bus.failure = failure
    const { status, text, body } = await read(http.post(close, reason))
    expect([status, body['code']]).toEqual([500, 'internal'])
    expect(text).not.toMatch(/SELECT|\.ts|stack/)
    const requestId = body['requestId']
    expect(http.lines.at(-1)).toMatchObject({
      level: 'error',
      fields: { requestId, error: failure },
    })
  })

  it.each([
    ['event store', new EventStoreUnavailable('disk full at /var/lib')],
    ['read models', new ReadModelsUnavailable('mongodb://user:password@host')],
  ])('is a 503 while the %s cannot be reached', async (_name, failure) => {
    http.bus.failure = failure
    const { status, body, text, headers } = await read(http.post(close, reason))
    expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'unavailable', '1'])
    expect(text).not.toMatch(/disk|password/)
  })
})

describe('a path that is not there', () => {
  it.each([
    '/',
    '/v1',
    '/v2/ledgers',
    '/v1/ledgers/',
    '/V1/ledgers',
    '/v1/Ledgers/acme',
    '/v1/ledgers/acme/accounts/',
    '/v1//ledgers',
    '/v1/ledgers/acme/nothing',
    '/health',
  ])('is a 404: %s', async (path) => {
    expect(await problemOf(http.request(path))).toBe('404 not-found')
  })

  it.each(['GET /%ff HTTP/1.1', 'GET /v1/ledgers/%zz HTTP/1.1', 'GET /v1/ledgers/% HTTP/1.1'])(
    'is no bug where its encoding is broken: %s',
    async (line) => {
      const answer = await exchangeRaw(http.port, [line])
      expect(answer).toMatch(/^HTTP\/1\.1 40[04] [^]*application\/problem\+json/)
    },
  )

  it.each(['OPTIONS * HTTP/1.1', 'GET http://[/ HTTP/1.1', 'GET // HTTP/1.1', 'GET ? HTTP/1.1'])(
    'is answered as a problem however odd: %s',
    async (line) => {
      const answer = await exchangeRaw(http.port, [line])
      expect(answer).toMatch(/^HTTP\/1\.1 40\d [^]*application\/problem\+json/)
      expect(answer).not.toMatch(/<html/i)
    },
  )
})

describe('a method that a path does not take', () => {
  it.each([
    ['DELETE', '/v1/ledgers', 'GET, POST, HEAD, OPTIONS'],
    ['PUT', '/v1/ledgers/acme', 'PATCH, GET, HEAD, OPTIONS'],
    ['GET', close, 'POST, OPTIONS'],
    ['HEAD', close, 'POST, OPTIONS'],
    ['POST', '/health/live', 'GET, HEAD, OPTIONS'],
  ])('%s %s is a 405 with Allow', async (method, path, allow) => {
    const answer = await http.request(path, { method })
    expect([answer.status, sorted(answer.headers.get('allow'))]).toEqual([405, sorted(allow)])
  })

  it('is named by OPTIONS', async () => {
    const answer = await http.request('/v1/ledgers', { method: 'OPTIONS' })
    expect([answer.status, sorted(answer.headers.get('allow'))]).toEqual([
      204,
      sorted('GET, HEAD, POST, OPTIONS'),
    ])
  })
})

describe('HEAD', () => {
  it('answers as GET does, without the body', async () => {
    const [got, head] = await Promise.all([
      read(http.request('/health/live')),
      read(http.request('/health/live', { method: 'HEAD' })),
    ])
    expect([head.status, head.text]).toEqual([200, ''])
    expect(head.headers.get('content-length')).toBe(got.headers.get('content-length'))
  })

  it('answers problems without a body', async () => {
    const { status, text } = await read(http.request('/nowhere', { method: 'HEAD' }))
    expect([status, text]).toEqual([404, ''])
  })
})

function sorted(allow: string | null): readonly string[] {
  return (allow ?? '').split(', ').toSorted()
}
