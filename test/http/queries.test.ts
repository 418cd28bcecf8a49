import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { accounts } from '#projections/accounts.ts'
import { Books } from '#test/queries/books.ts'
import { type Harness, openHarness, problemOf, read } from '#test/support/http-harness.ts'

let http: Harness
let books: Books

beforeEach(async () => {
  http = await openHarness({ limits: { minRevisionWaitMs: 150 } })
  books = new Books()
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'USD/2' }] })
  books.do('OpenAccount', { accountId: 'bank', type: 'asset' })
  for (const name of ['alice', 'bob', 'carol'])
    books.do('OpenAccount', { accountId: name, type: 'liability' })
  books.post('bank -> alice 25')
  await http.append(books.events)
})
afterEach(() => http.stop())

describe('a question', () => {
  beforeEach(() => http.project(books.events))

  it('is answered with what the read models had applied', async () => {
    const { status, headers, body } = await read(http.request('/v1/ledgers/acme/accounts/alice'))
    expect([status, headers.get('ledger-revision')]).toEqual([200, '5'])
    expect(body).toMatchObject({ data: { accountId: 'alice', balances: [{ posted: '25' }] } })
  })

  it('across ledgers is answered without a revision', async () => {
    const { status, headers, body } = await read(http.request('/v1/ledgers'))
    expect([status, headers.has('ledger-revision')]).toEqual([200, false])
    expect(body).toMatchObject({ data: [{ ledgerId: 'acme' }], page: { next: null, limit: 50 } })
  })

  it.each([
    ['/v1/ledgers/acme', 'ledgerId'],
    ['/v1/ledgers/acme/accounts/alice/balances?asset=USD/2', '0'],
    ['/v1/ledgers/acme/accounts/alice/entries', '0'],
    ['/v1/ledgers/acme/accounts/alice/statement?asset=USD/2', 'closing'],
    ['/v1/ledgers/acme/transactions?account=alice', '0'],
    ['/v1/ledgers/acme/transactions/5', 'transactionId'],
    ['/v1/ledgers/acme/holds', 'length'],
    ['/v1/ledgers/acme/trial-balance', 'assets'],
    ['/v1/ledgers/acme/commands?outcome=accepted', '0'],
  ])('has a route: %s', async (path, member) => {
    const { status, body, headers } = await read(http.request(path))
    expect([status, headers.get('ledger-revision')]).toEqual([200, '5'])
    expect(body['data']).toHaveProperty(member)
  })

  it('takes a plus in the offset of a time', async () => {
    const path = '/v1/ledgers/acme/transactions?from=2026-03-01T13:00:00+01:00'
    expect((await http.request(path)).status).toBe(200)
  })

  it('ignores a body', async () => {
    const status = await new Promise((resolve) => {
      const sent = request(
        `${http.url}/v1/ledgers/acme`,
        { headers: { 'content-length': 10 } },
        ({ statusCode }) => resolve(statusCode),
      )
      sent.end('{"not json')
    })
    expect(status).toBe(200)
  })

  it.each([
    ['an unknown parameter', '/v1/ledgers/acme/accounts?color=red', '/query/color'],
    ['an unknown one of a single answer', '/v1/ledgers/acme?x', '/query/x'],
    ['a repeated one', '/v1/ledgers/acme/accounts?type=asset&type=asset', '/query/type'],
    ['one of the path', '/v1/ledgers/acme/accounts?ledgerId=acme', '/query/ledgerId'],
    ['a limit where there are no pages', '/v1/ledgers/acme?limit=5', '/query/limit'],
    ['a value that is none', '/v1/ledgers/acme/accounts?type=gold', '/query/type'],
    ['a missing one', '/v1/ledgers/acme/accounts/alice/statement', '/query/asset'],
    ['a limit of nothing', '/v1/ledgers/acme/accounts?limit=0', '/query/limit'],
    ['a limit that is too large', '/v1/ledgers/acme/accounts?limit=201', '/query/limit'],
    ['a limit that is no number', '/v1/ledgers/acme/accounts?limit=1e1', '/query/limit'],
    ['an empty limit', '/v1/ledgers/acme/accounts?limit=', '/query/limit'],
    ['broken encoding', '/v1/ledgers/acme/accounts?prefix=%ff', '/query'],
    ['a prototype', '/v1/ledgers/acme/accounts?__proto__=1', '/query/__proto__'],
  ])('is refused for %s', async (_name, path, pointer) => {
    const { status, body } = await read(http.request(path))
    expect([status, body['code']]).toEqual([400, 'validation-failed'])
    expect(body).toMatchObject({ errors: [{ pointer }] })
  })

  it.each([
    ['/v1/ledgers/nowhere', '404 ledger-not-found'],
    ['/v1/ledgers/No', '404 ledger-not-found'],
    ['/v1/ledgers/nowhere/accounts/a::b', '404 ledger-not-found'],
    ['/v1/ledgers/acme/accounts/nobody', '404 account-not-found'],
    ['/v1/ledgers/acme/accounts/a::b', '404 account-not-found'],
    ['/v1/ledgers/acme/accounts/a%2Fb', '404 account-not-found'],
    ['/v1/ledgers/acme/transactions/4', '404 transaction-not-found'],
    ['/v1/ledgers/acme/transactions/05', '404 transaction-not-found'],
    ['/v1/ledgers/acme/transactions/99999999999999999999', '404 transaction-not-found'],
    ['/v1/ledgers/acme/holds/x', '404 hold-not-found'],
    ['/v1/ledgers/acme/accounts/alice/balances?asset=EUR/2', '422 asset-unknown'],
  ])('about what is not there is a 404 of its kind: %s', async (path, expected) => {
    expect(await problemOf(http.request(path))).toBe(expected)
  })

  it('says of which revision it is not there', async () => {
    const { status, headers } = await http.request('/v1/ledgers/acme/accounts/nobody')
    expect([status, headers.get('ledger-revision')]).toEqual([404, '5'])
  })
})

describe('a list', () => {
  beforeEach(() => http.project(books.events))
  const list = '/v1/ledgers/acme/accounts'
  const nextOf = (body: Record<string, unknown>) =>
    String(Reflect.get(Object(body['page']), 'next'))

  it('goes on with its cursor, also at another limit, to its end', async () => {
    const first = await read(http.request(`${list}?limit=1`))
    expect(first.body).toMatchObject({ data: [{ accountId: 'alice' }], page: { limit: 1 } })
    const rest = await read(http.request(`${list}?limit=3&cursor=${nextOf(first.body)}`))
    expect(rest.body).toMatchObject({
      data: [{ accountId: 'bank' }, { accountId: 'bob' }, { accountId: 'carol' }],
      page: { next: null, limit: 3 },
    })
  })

  it('takes no cursor of another filter, list or maker', async () => {
    const cursor = nextOf((await read(http.request(`${list}?limit=1`))).body)
    for (const path of [
      `${list}?type=liability&cursor=${cursor}`,
      `/v1/ledgers/acme/commands?cursor=${cursor}`,
      `/v1/ledgers?cursor=${cursor}`,
      `${list}?cursor=${cursor}A`,
      `${list}?cursor=`,
    ])
      expect(await problemOf(http.request(path))).toBe('400 invalid-cursor')
  })

  it('says that its parameters are wrong before its cursor', async () => {
    expect(await problemOf(http.request(`${list}?x=1&cursor=y`))).toBe('400 validation-failed')
  })
})

describe('a read of at least a revision', () => {
  const at = (revision: number) => ({ headers: { 'min-revision': String(revision) } })

  it('waits until the read models have it', async () => {
    const waiting = http.request('/v1/ledgers/acme/accounts/alice', at(5))
    await http.project(books.events.slice(0, 3))
    setTimeout(() => void http.project(books.events), 40)
    const { status, headers } = await read(waiting)
    expect([status, headers.get('ledger-revision')]).toEqual([200, '5'])
  })

  it('is a 503 that says how far they are when they do not come to it', async () => {
    await http.project(books.events.slice(0, 3))
    const answer = await read(http.request('/v1/ledgers/acme/accounts/alice', at(5)))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    expect(answer.body).toMatchObject({
      code: 'projection-behind',
      detail: 'stored, not yet visible: ask again in a moment',
      context: { applied: '2', head: '5' },
    })
  })

  it.each([
    ['/v1/ledgers/acme/accounts/alice', at(6)],
    ['/v1/ledgers/acme/accounts/alice/balances?atRevision=6', {}],
    ['/v1/ledgers/acme/trial-balance?atRevision=6', {}],
  ])(
    'says of a revision that the log does not have that it is not stored: %s',
    async (path, init) => {
      await http.project(books.events)
      expect((await read(http.request(path, init))).body).toMatchObject({
        code: 'projection-behind',
        detail: 'revision 6 is not stored yet: the last one is 5',
        context: { applied: '5', head: '5' },
      })
    },
  )

  it('needs no wait for a ledger that does not exist', async () => {
    expect(await problemOf(http.request('/v1/ledgers/nowhere', at(5)))).toBe('404 ledger-not-found')
  })
})

describe('a ledger that is stored but not yet in the read models', () => {
  it('is not yet visible, which is no 404', async () => {
    const { status, body } = await read(http.request('/v1/ledgers/acme'))
    expect(status).toBe(503)
    expect(body).toMatchObject({
      code: 'projection-behind',
      context: { applied: null, head: '5' },
    })
  })
})

describe('a ledger that is parked in a read model', () => {
  beforeEach(async () => {
    await http.project(books.events)
    const parked = { revision: 6n, reason: 'a fold threw' }
    const checkpoint = { revision: 5n, recordedAt: '2026-03-01T12:00:05.000Z', parked }
    const change = { model: accounts, ledgerId: 'acme', expected: 5n, checkpoint, documents: [] }
    await http.models.commit([change])
  })

  it('is answered with the reason, not with old numbers', async () => {
    const { status, body } = await read(http.request('/v1/ledgers/acme/accounts/alice'))
    expect(status).toBe(503)
    expect(body).toMatchObject({
      code: 'parked',
      context: { model: 'accounts', revision: '6', reason: 'a fold threw' },
    })
  })

  it('is answered by the other read models', async () => {
    expect((await http.request('/v1/ledgers/acme/transactions')).status).toBe(200)
  })
})
