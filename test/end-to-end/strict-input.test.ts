import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeEndToEnd } from '#test/end-to-end/engines.ts'
import {
  amounts,
  bodies,
  headers,
  nested,
  queries,
  valid,
  withAmount,
  withMember,
} from '#test/end-to-end/malformed-requests.ts'
import { column, outcome, posting, type TestBooks } from '#test/end-to-end/test-books.ts'
import { connectTo } from '#test/support/http-socket.ts'
import type { Headers } from '#test/support/http-client.ts'
import type { Answer } from '#test/support/http-exchange.ts'
import type { Json } from '#values/json.ts'

describeEndToEnd('a malformed request', (on) => {
  let books: TestBooks
  const post = (body: Json | Buffer, given: Headers = {}) =>
    on.api.send({
      method: 'POST',
      path: books.path('/transactions'),
      headers: { 'content-type': 'application/json', 'idempotency-key': on.api.key(), ...given },
      body,
    })

  beforeAll(async () => {
    books = await on.books()
  })

  // Named as docs/guides/failures.md names them.
  it.each([
    ['20,000-deep JSON', nested(20_000), `400 malformed-json ${'/0'.repeat(16)}`],
    [
      'duplicate keys',
      valid.replace('"asset"', '"amount":"2","asset"'),
      '400 malformed-json /postings/0/amount',
    ],
    ['invalid UTF-8', Buffer.from(withAmount('"\xff"'), 'latin1'), '400 malformed-json'],
    [
      'a lone surrogate',
      withMember('"description":"\\ud800"'),
      '400 validation-failed /description',
    ],
  ])('of %s is refused', async (_name, body, said) => {
    saidBy(await post(body), said)
  })

  it.each(bodies)('of %s is refused', async (_name, body, said) => {
    saidBy(await post(body), said)
  })

  it.each(amounts)('of the amount %s is refused', async (amount) => {
    const answer = await post(withAmount(amount))
    saidBy(answer, '422 invalid-amount /postings/0/amount')
    if (/^-?\d/.test(amount)) expect(answer.string('errors', 0, 'detail')).toMatch(/string/)
  })

  it.each(queries)('that asks for %s is refused', async (_name, path, said) => {
    saidBy(await on.api.get(books.path(path)), said)
  })

  it.each(headers)('with %s is refused', async (_name, given, said) => {
    saidBy(await post(valid, given), said)
  })

  it.each(['-1', '1.5', 'x', '01', '1,2', '99999999999999999999'])(
    'with Min-Revision %s is refused',
    async (revision) => {
      const answer = await on.api.sendUnchecked({
        method: 'GET',
        path: books.path(),
        headers: { 'min-revision': revision },
      })
      saidBy(answer, '400 validation-failed /headers/min-revision')
    },
  )

  it('with gzip in it is refused', async () => {
    saidBy(
      await post(gzipSync(valid), { 'content-encoding': 'gzip' }),
      '415 unsupported-media-type',
    )
  })

  it('of more than 256 KiB is refused, and a batch of more than 4 MiB', async () => {
    saidBy(
      await post(withMember(`"description":"${'x'.repeat(256 * 1024)}"`)),
      '413 body-too-large',
    )
    const answer = await on.api.send({
      method: 'POST',
      path: books.path('/batches'),
      headers: { 'content-type': 'application/json', 'idempotency-key': on.api.key() },
      body: Buffer.alloc(5 * 1024 * 1024, ' '),
    })
    saidBy(answer, '413 body-too-large')
  })

  it('of 10 MB bodies, or of 100,000 postings, is refused', async () => {
    saidBy(await post(Buffer.alloc(10_000_000, 'x')), '413 body-too-large')
    const postings = Array.from({ length: 100_000 }, () => posting('bank:cash -> users:alice 1'))
    saidBy(await post(JSON.stringify({ postings })), '413 body-too-large')
  })

  it('for a ledger that is not there is a 404, whatever its name', async () => {
    for (const ledgerId of ['nowhere', 'UPPER', 'a_b', '%20', '-a', 'a'.repeat(64), '..%2fx']) {
      saidBy(await on.api.get(`/v1/ledgers/${ledgerId}`), '404 ledger-not-found')
      saidBy(
        await on.api.post(`/v1/ledgers/${ledgerId}/transactions`, JSON.parse(valid)),
        '404 ledger-not-found',
      )
    }
  })

  describe('on the wire', () => {
    const exchange = async (text: string) => {
      await using connection = await connectTo(Number(new URL(on.api.url).port))
      connection.send(text)
      return await connection.closed()
    }
    const head = () =>
      `POST ${books.path('/transactions')} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nIdempotency-Key: ${on.api.key()}\r\n`

    it.each([
      [
        'smuggling: a length and chunks',
        (h: string) => `${h}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      ],
      [
        'smuggling: two lengths',
        (h: string) => `${h}Content-Length: 2\r\nContent-Length: 87\r\n\r\n${valid}`,
      ],
      ['a length with a sign', (h: string) => `${h}Content-Length: +87\r\n\r\n${valid}`],
      [
        'an unknown transfer coding',
        (h: string) => `${h}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
      ],
      [
        'chunked twice over',
        (h: string) => `${h}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
      ],
      ['a space before the colon', (h: string) => `${h}Content-Length : 87\r\n\r\n${valid}`],
      ['a folded header', (h: string) => `${h}X-Long: a\r\n b\r\nContent-Length: 2\r\n\r\n{}`],
      [
        'a chunk size that is none',
        (h: string) => `${h}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
      ],
      [
        'bare line feeds in the head',
        (h: string) => `${h.replaceAll('\r\n', '\n')}Content-Length: 2\n\n{}`,
      ],
      ['a null in a header', (h: string) => `${h}X-A: a\0b\r\nContent-Length: 2\r\n\r\n{}`],
      ['oversized headers, 20 KB', (h: string) => `${h}X-Large: ${'x'.repeat(20_000)}\r\n\r\n`],
      ['no HTTP', () => 'hello\r\n\r\n'],
      ['a method that is none', (h: string) => `${h.replace('POST', 'P<ST')}\r\n`],
    ])('%s is a 4xx, and the connection ends', async (_name, request) => {
      const before = await books.head()
      const said = await exchange(request(head()))
      expect(said).toMatch(/^HTTP\/1\.1 4\d\d /)
      expect(said).toMatch(/application\/problem\+json/)
      expect(said.match(/HTTP\/1\.1 /g)).toHaveLength(1)
      expect(await books.head()).toBe(before)
    })

    it('a request without Host is a 400', async () => {
      expect(await exchange(`GET ${books.path()} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /)
    })

    it('the same key twice is a 400', async () => {
      const said = await exchange(
        `${head()}Idempotency-Key: other\r\nConnection: close\r\nContent-Length: ${valid.length}\r\n\r\n${valid}`,
      )
      expect(said).toMatch(/^HTTP\/1\.1 400 /)
    })
  })

  it('has left the books as they were, and the program well', async () => {
    expect(await books.head()).toBe(6n)
    expect(outcome(await on.api.get('/health/ready'))).toBe('200')
    expect(outcome(await books.transact('bank:cash -> users:alice 1'))).toBe('201')
  })
})

/** `status code pointer`; without a pointer it may be any, with `*` so may the code. */
function saidBy(answer: Answer, said: string): void {
  const [status, code = '', pointer] = said.split(' ')
  expect(`${answer.status} ${answer.string('code')}`).toMatch(
    new RegExp(`^${status} ${code.replace('*', '.*')}$`),
  )
  if (pointer === undefined || pointer === '*') return
  expect(column(answer.at('errors'), 'pointer')).toContain(pointer)
}
