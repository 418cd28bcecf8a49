import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { readBody } from '#http/body.ts'
import { Intake } from '#http/intake.ts'
import { openHarness, problemOf, read } from '#test/support/http-harness.ts'
import { connectTo, exchangeRaw } from '#test/support/http-socket.ts'

const http = await openHarness()
afterAll(() => http.stop())
beforeEach(() => {
  http.bus.commands.length = 0
})

const path = '/v1/ledgers/acme/accounts/users:alice/close'
const batches = '/v1/ledgers/acme/batches'
const body = JSON.stringify({ reason: 'moved away' })
const lines = (target: string, ...headers: string[]) => [
  `POST ${target} HTTP/1.1`,
  'Idempotency-Key: k',
  ...headers,
]
const json = 'Content-Type: application/json'
const chunked = 'Transfer-Encoding: chunked'
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

describe('the media type of a body', () => {
  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json ; version=1',
  ])('may be %s', async (type) => {
    expect((await http.post(path, body, { 'content-type': type })).status).toBe(201)
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'application/problem+json',
    'application/json; charset=latin1',
    'application/json;charset=utf-16',
    'application/json, text/plain',
  ])('cannot be %s', async (type) => {
    expect(await problemOf(http.post(path, body, { 'content-type': type }))).toBe(
      '415 unsupported-media-type',
    )
    expect(http.bus.commands).toEqual([])
  })

  it('has to be said', async () => {
    const answer = await exchangeRaw(http.port, lines(path, `Content-Length: ${body.length}`), body)
    expect(answer).toMatch(/^HTTP\/1\.1 415 /)
  })

  it('is said once', async () => {
    const other = 'content-type: text/plain'
    const length = `Content-Length: ${body.length}`
    const answer = await exchangeRaw(http.port, lines(path, json, other, length), body)
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"pointer":"\/headers\/content-type"/)
    expect(http.bus.commands).toEqual([])
  })

  it.each(['gzip', 'deflate', 'br', 'identity, gzip'])(
    'is not encoded with %s',
    async (encoding) => {
      expect(await problemOf(http.post(path, body, { 'content-encoding': encoding }))).toBe(
        '415 unsupported-media-type',
      )
    },
  )

  it('may say that it is not encoded', async () => {
    expect((await http.post(path, body, { 'content-encoding': 'identity' })).status).toBe(201)
  })
})

describe('a body', () => {
  it.each([
    ['with a length of nothing', [json, 'Content-Length: 0'], ''],
    ['without a length', [json], ''],
    ['of no chunks', [json, chunked], '0\r\n\r\n'],
    ['without a type, of nothing', ['Content-Length: 0'], ''],
  ])('is malformed when empty: %s', async (_name, headers, sent) => {
    const answer = await exchangeRaw(http.port, lines(path, ...headers), sent)
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"code":"malformed-json"/)
  })

  it('is read from chunks', async () => {
    const sent = chunk(body.slice(0, 5)) + chunk(body.slice(5)) + chunk('')
    expect(await exchangeRaw(http.port, lines(path, json, chunked), sent)).toMatch(/ 201 /)
  })

  it('is malformed with the place of the mistake', async () => {
    const { status, body: problem } = await read(http.post(path, '{"reason":"a","reason":"b"}'))
    expect(status).toBe(400)
    expect(problem).toMatchObject({ code: 'malformed-json', errors: [{ pointer: '/reason' }] })
  })

  it('is malformed before anything else about it is wrong', async () => {
    expect(await problemOf(http.post(`${path}?x=1`, '{', { 'idempotency-key': '' }))).toBe(
      '400 malformed-json',
    )
  })
})

describe('a body that is too large', () => {
  const [small, large] = [256 * 1024, 4 * 1024 * 1024]

  it.each([
    [path, small],
    [batches, large],
  ])('is one byte more than may go to %s', async (target, most) => {
    const padded = (size: number) => `{}${' '.repeat(size - 2)}`
    expect(await problemOf(http.post(target, padded(most)))).toBe('400 validation-failed')
    expect(await problemOf(http.post(target, padded(most + 1)))).toBe('413 body-too-large')
  })

  it('is answered at once where its length is given, and the connection closed', async () => {
    await using connection = await connectTo(http.port)
    connection.send(
      [...lines(path, json, 'Content-Length: 300000'), 'Host: x', '', ''].join('\r\n'),
    )
    const answer = await connection.until(/"code":"body-too-large"[^]*}$/)
    expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*connection: close/i)
    await connection.closed()
  })

  it('is cut off while it comes in, and the connection closed', async () => {
    await using connection = await connectTo(http.port)
    connection.send([...lines(path, json, chunked), 'Host: x', '', ''].join('\r\n'))
    const sending = setInterval(() => connection.send(chunk(' '.repeat(50_000))), 2)
    try {
      await connection.until(/^HTTP\/1\.1 413 [^]*"code":"body-too-large"/)
      await connection.closed()
    } finally {
      clearInterval(sending)
    }
  })

  it('of 10 MB still gets its answer through', async () => {
    const huge = JSON.stringify({ reason: 'x'.repeat(10_000_000) })
    expect(await problemOf(http.post(path, huge))).toBe('413 body-too-large')
  })
})

describe('a body in pieces', () => {
  const pieces = (count: number) => chunk(' ').repeat(count)

  it('has at most 65,536 of them, and is told so', async () => {
    const tooMany = pieces(65_537) + chunk('')
    const answer = await exchangeRaw(http.port, lines(batches, json, chunked), tooMany)
    expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*"detail":"a body comes in at most 65536 pieces/)
    const most = `${pieces(65_535)}${chunk('{}')}${chunk('')}`
    expect(await exchangeRaw(http.port, lines(batches, json, chunked), most)).toMatch(
      /^HTTP\/1\.1 400 [^]*"code":"validation-failed"/,
    )
  })

  it('takes up what is held for it, and gives it back', async () => {
    const intake = new Intake({ bytesMax: 1_000, hasRoom: () => true })
    const isTaken = (bytes: number) => intake.refusal(bytes) !== undefined
    const request = new IncomingMessage(new Socket())
    request.headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
    const reading = readBody(request, intake, 10_000)
    request.push(`"${'a'.repeat(299)}`)
    request.push('b')
    await turn()
    expect(isTaken(401)).toBe(true)
    request.push('"')
    request.push(null)
    expect((await reading).value).toHaveLength(300)
    expect(isTaken(1_000)).toBe(false)
  })
})

describe('a client that goes away in the middle of its body', () => {
  it('leaves nothing behind', async () => {
    await using connection = await connectTo(http.port)
    connection.send(
      [...lines(path, json, 'Content-Length: 30'), 'Host: x', '', '{"rea'].join('\r\n'),
    )
    connection.socket.destroy()
    expect((await http.post(path, body)).status).toBe(201)
    expect(http.lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe('what is no HTTP', () => {
  it.each([
    ['another protocol', 'HELLO\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    [
      'a length and chunks, as smugglers send them',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a header with a line feed alone', 'GET / HTTP/1.1\nHost: x\nA\n: b\r\n\r\n'],
    ['a broken chunk', `${lines(path, json, chunked, 'Host: x').join('\r\n')}\r\n\r\nzz\r\n`],
  ])('is a 400 problem: %s', async (_name, text) => {
    await using connection = await connectTo(http.port)
    connection.send(text)
    const answer = await connection.closed()
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*application\/problem\+json[^]*malformed-request/)
  })

  it('is a 431 problem where the headers are too large', async () => {
    await using connection = await connectTo(http.port)
    connection.send(`GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`)
    expect(await connection.closed()).toMatch(/^HTTP\/1\.1 431 [^]*headers-too-large/)
  })

  it.each([
    ['has no Host', '', /^HTTP\/1\.1 400 [^]*"code":"malformed-request"/],
    [
      'expects foo',
      'Host: x\r\nExpect: foo\r\n',
      /^HTTP\/1\.1 417 [^]*"code":"expectation-failed"/,
    ],
  ])('is a problem like any other, and the last, where a request %s', async (_name, head, said) => {
    await using connection = await connectTo(http.port)
    const text = `POST ${path} HTTP/1.1\r\n${head}Content-Length: 3\r\n\r\n{}\n`
    connection.send(`${text}GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n`)
    const answer = await connection.closed()
    expect(answer).toMatch(said)
    expect(answer).toMatch(/^content-type: application\/problem\+json/im)
    expect(answer).toMatch(/^connection: close/im)
    expect(answer).toContain(`"instance":"${path}"`)
    const [, requestId = 'none'] = /^request-id: (\S+)/im.exec(answer) ?? []
    expect(answer).toContain(`"requestId":"${requestId}"`)
    expect(answer.match(/^HTTP/gm)).toHaveLength(1)
  })

  it.each(['HTTP/1.0\r\n', 'HTTP/1.0\r\nExpect: foo\r\n'])(
    'is not what HTTP/1.0 had no word for: %j',
    async (head) => {
      await using connection = await connectTo(http.port)
      connection.send(`GET /health/live ${head}\r\n`)
      expect(await connection.closed()).toMatch(/^HTTP\/1\.1 200 /)
    },
  )

  it('is not a client that asks whether to go on', async () => {
    await using connection = await connectTo(http.port)
    const head = lines(path, json, 'Content-Length: 2', 'Host: x', 'Expect: 100-Continue')
    connection.send([...head, 'Connection: close', '', ''].join('\r\n'))
    await connection.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
    connection.send('{}')
    expect(await connection.closed()).toMatch(/^HTTP\/1\.1 100 [^]*HTTP\/1\.1 [24]\d\d /)
  })

  it('does not keep a request before it from being answered', async () => {
    await using connection = await connectTo(http.port)
    connection.send('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\r\n\r\n')
    expect(await connection.closed()).toMatch(/^HTTP\/1\.1 200 [^]*HTTP\/1\.1 400 /)
  })

  it('does not keep a refusal from being sent that was made before the body broke', async () => {
    await using connection = await connectTo(http.port)
    const head = ['DELETE /v1/ledgers HTTP/1.1', 'Host: x', chunked]
    connection.send(`${head.join('\r\n')}\r\n\r\nzz\r\n`)
    expect(await connection.closed()).toMatch(/^HTTP\/1\.1 405 [^]*method-not-allowed/)
  })
})
