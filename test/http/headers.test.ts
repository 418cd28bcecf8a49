import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { openHarness, problemOf, read } from '#test/support/http-harness.ts'
import { exchangeRaw } from '#test/support/http-socket.ts'

const http = await openHarness()
afterAll(() => http.stop())
beforeEach(() => {
  http.bus.commands.length = 0
})

const path = '/v1/ledgers/acme/accounts/users:alice/close'
const body = JSON.stringify({ reason: 'moved away' })

const closeWith = (headers: readonly string[]) =>
  exchangeRaw(
    http.port,
    [
      `POST ${path} HTTP/1.1`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      ...headers,
    ],
    body,
  )

describe('the idempotency key', () => {
  it.each([
    ['no header', []],
    ['an empty one', ['Idempotency-Key:']],
    ['white space', ['Idempotency-Key:   ']],
  ])('is required: %s', async (_name, headers) => {
    expect(await closeWith(headers)).toMatch(
      /^HTTP\/1\.1 400 [^]*"code":"idempotency-key-required"/,
    )
  })

  it.each([
    ['two headers', ['Idempotency-Key: a', 'idempotency-key: b']],
    ['the same one twice', ['Idempotency-Key: a', 'Idempotency-Key: a']],
    ['more than 255 characters', [`Idempotency-Key: ${'k'.repeat(256)}`]],
    ['what is not ASCII', ['Idempotency-Key: schlüssel']],
    ['the prefix of the program', ['Idempotency-Key: daybook:expire:1']],
    ['what looks like an item of a batch', ['Idempotency-Key: order/12']],
    ['a tab', ['Idempotency-Key: a\tb']],
  ])('cannot be %s', async (_name, headers) => {
    expect(await closeWith(headers)).toMatch(/^HTTP\/1\.1 400 [^]*"code":"validation-failed"/)
    expect(http.bus.commands).toEqual([])
  })

  it.each(['a', 'k'.repeat(255), 'a, b', 'order/12/x', '!"#$%&'])('can be %s', async (key) => {
    await closeWith([`Idempotency-Key: ${key}`])
    expect(http.bus.commands).toMatchObject([{ key }])
  })
})

describe('correlation and causation', () => {
  it('come back, and are the request itself by default', async () => {
    const sent = await http.post(path, body, { 'correlation-id': 'c'.repeat(128) })
    expect(sent.headers.get('correlation-id')).toBe('c'.repeat(128))
    const id = sent.headers.get('request-id')
    expect(sent.headers.get('causation-id')).toBe(id)
    expect(http.bus.commands).toMatchObject([{ causationId: id }])
  })

  it.each(['Correlation-Id', 'Causation-Id'])(
    'are at most 128 printable characters: %s',
    async (name) => {
      for (const value of ['c'.repeat(129), '', 'é'])
        expect(await closeWith(['Idempotency-Key: a', `${name}: ${value}`])).toMatch(
          /^HTTP\/1\.1 400 /,
        )
      expect(await closeWith(['Idempotency-Key: a', `${name}: 1`, `${name}: 2`])).toMatch(
        /^HTTP\/1\.1 400 /,
      )
      expect(http.bus.commands).toEqual([])
    },
  )

  it('come back with problems too', async () => {
    const { headers, body: problem } = await read(
      http.post('/nowhere', {}, { 'correlation-id': 'order-1' }),
    )
    expect(headers.get('correlation-id')).toBe('order-1')
    expect(headers.get('request-id')).toBe(problem['requestId'])
  })
})

describe('what a client accepts', () => {
  it.each([
    '*/*',
    'application/json',
    'application/*;q=0.1',
    'text/html, application/json;q=0.5',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8, text/plain;q=0.5',
    '',
  ])('may be %s', async (accept) => {
    expect((await http.post(path, body, { accept })).status).toBe(201)
  })

  it.each([
    'text/html',
    'application/xml',
    'application/json;q=0',
    'application/json;charset=latin1',
    'text/csv',
  ])('is not there as %s', async (accept) => {
    expect(await problemOf(http.post(path, body, { accept }))).toBe('406 not-acceptable')
    expect(http.bus.commands).toEqual([])
  })
})

describe('Min-Revision', () => {
  it.each(['x', '-1', '1.0', '01', '1'.repeat(19), '', '0x1'])(
    'is a revision, not %s',
    async (value) => {
      const answer = await exchangeRaw(http.port, [
        'GET /v1/ledgers/acme HTTP/1.1',
        `Min-Revision: ${value}`,
      ])
      expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"pointer":"\/headers\/min-revision"/)
    },
  )
})
