import { expect, it } from 'vitest'
import { describeEndToEnd } from '#test/end-to-end/engines.ts'
import { outcome } from '#test/end-to-end/test-books.ts'

const send = (method: string, path: string, headers: Readonly<Record<string, string>> = {}) => ({
  method,
  path,
  headers,
})

describeEndToEnd('HTTP', (on) => {
  it('HEAD says what GET says, without a body', async () => {
    const books = await on.books()
    for (const path of ['', '/accounts', '/accounts/fees', '/events', '/trial-balance']) {
      const get = await books.get(path)
      const head = await on.api.send(
        send('HEAD', books.path(path), { 'min-revision': `${get.revision}` }),
      )
      expect(head.status).toBe(200)
      for (const name of ['content-type', 'content-length', 'ledger-revision'])
        expect(head.headers[name]).toBe(get.headers[name])
    }
    expect((await on.api.send(send('HEAD', '/v1/ledgers/nowhere'))).status).toBe(404)
  })

  it.each([
    ['/v1/ledgers', 'GET, POST, HEAD, OPTIONS'],
    ['/v1/ledgers/x', 'GET, PATCH, HEAD, OPTIONS'],
    ['/v1/ledgers/x/accounts/y', 'GET, PATCH, HEAD, OPTIONS'],
    ['/v1/ledgers/x/accounts/y/freeze', 'POST, OPTIONS'],
    ['/v1/ledgers/x/batches', 'POST, OPTIONS'],
    ['/v1/ledgers/x/trial-balance', 'GET, HEAD, OPTIONS'],
    ['/v1/ledgers/x/events/1', 'GET, HEAD, OPTIONS'],
    ['/v1/projections', 'GET, HEAD, OPTIONS'],
    ['/health/live', 'GET, HEAD, OPTIONS'],
  ])('OPTIONS and 405 of %s say what it takes', async (path, methods) => {
    const inOrder = (text: string | undefined) =>
      (text ?? '').split(', ').toSorted((a, b) => (a < b ? -1 : 1))
    const options = await on.api.send(send('OPTIONS', path))
    expect(options.status).toBe(204)
    expect(inOrder(options.headers.allow)).toEqual(inOrder(methods))
    const refused = await on.api.send(send('DELETE', path, { 'idempotency-key': 'k' }))
    expect(outcome(refused)).toBe('405 method-not-allowed')
    expect(inOrder(refused.headers.allow)).toEqual(inOrder(methods))
  })

  it('gives each request an id, and takes a correlation and a causation from it', async () => {
    const plain = await on.api.get('/health/live')
    expect(plain.headers['correlation-id']).toBe(plain.headers['request-id'])
    expect(plain.headers['causation-id']).toBe(plain.headers['request-id'])
    const given = await on.api.get('/nothing', {
      'correlation-id': 'x'.repeat(128),
      'causation-id': '! ~',
    })
    expect(outcome(given)).toBe('404 not-found')
    expect(given.headers['correlation-id']).toBe('x'.repeat(128))
  })

  it('takes a body in JSON by any of its names', async () => {
    const books = await on.books()
    for (const type of [
      'application/json',
      'Application/JSON',
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
    ]) {
      const answer = await books.transact(
        'bank:cash -> users:alice 1',
        {},
        { 'content-type': type },
      )
      expect(answer.status).toBe(201)
    }
    expect(
      (await books.transact('bank:cash -> users:alice 1', {}, { 'content-encoding': 'identity' }))
        .status,
    ).toBe(201)
  })

  it('answers JSON to whoever takes it, and 406 to others', async () => {
    const books = await on.books()
    for (const accept of [
      '*/*',
      'application/*',
      'application/json',
      'text/html, application/json;q=0.1',
    ])
      expect((await books.get('', { accept })).status).toBe(200)
    for (const accept of ['text/html', 'application/xml', 'application/json;q=0'])
      expect(outcome(await books.get('', { accept }))).toBe('406 not-acceptable')
    expect(outcome(await on.api.get(books.path('/accounts'), { accept: 'text/csv' }))).toBe(
      '406 not-acceptable',
    )
  })

  it('says that it lives, and names what it depends on', async () => {
    expect((await on.api.get('/health/live')).status).toBe(200)
    const ready = await on.api.get('/health/ready')
    expect(ready.status).toBe(200)
    const dependencies = ready.at('data', 'dependencies')
    expect(Object.values(Object(dependencies)).every((state) => state === 'up')).toBe(true)
    expect(Object.keys(Object(dependencies)).length).toBeGreaterThanOrEqual(2)
  })
})
