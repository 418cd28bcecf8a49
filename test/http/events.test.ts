import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Books } from '#test/queries/books.ts'
import { type Harness, openHarness, problemOf, read } from '#test/support/http-harness.ts'

let http: Harness
let books: Books

/** 0 ledger, 1 bank, 2 alice, 3 bob, 4…9 deposits in turn, 10 a refusal, 11 alice frozen. */
beforeEach(async () => {
  http = await openHarness({ limits: { minRevisionWaitMs: 100 } })
  books = new Books()
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'USD/2' }] })
  books.do('OpenAccount', { accountId: 'bank', type: 'asset' })
  for (const name of ['alice', 'bob'])
    books.do('OpenAccount', { accountId: name, type: 'liability' })
  for (const name of ['alice', 'bob', 'alice', 'bob', 'alice', 'bob'])
    books.post(`bank -> ${name} 1`)
  books.post('alice -> bob 1000')
  books.do('FreezeAccount', { accountId: 'alice', direction: 'all', reason: 'a court order' })
  await http.append(books.events)
})
afterEach(() => http.stop())

const log = '/v1/ledgers/acme/events'

async function revisions(path: string): Promise<readonly number[]> {
  const { body } = await read(http.request(path))
  return Array.from(Object(body['data']), (event) => Number(Reflect.get(Object(event), 'revision')))
}

/** Follows `next` to the end; gives the revisions of each page. */
async function allPages(path: string): Promise<readonly (readonly number[])[]> {
  const pages: number[][] = []
  for (let next: string | null = ''; next !== null; ) {
    const { body } = await read(http.request(next === '' ? path : `${path}&cursor=${next}`))
    pages.push(
      Array.from(Object(body['data']), (event) => Number(Reflect.get(Object(event), 'revision'))),
    )
    const cursor: unknown = Reflect.get(Object(body['page']), 'next')
    next = typeof cursor === 'string' ? cursor : null
  }
  return pages
}

describe('the log in pages', () => {
  it('is the stored bytes, and says how long it was', async () => {
    const { status, headers, text } = await read(http.request(`${log}?after=9&limit=2`))
    const stored = http.store.eventsOf('ledger-acme').slice(10, 12)
    expect([status, headers.get('ledger-revision')]).toEqual([200, '11'])
    expect(text).toContain(`{"data":[${stored.map(({ json }) => json).join(',')}],"page":`)
  })

  it('begins at revision 0, or after the one given', async () => {
    expect(await revisions(`${log}?limit=3`)).toEqual([0, 1, 2])
    expect(await revisions(`${log}?after=0&limit=3`)).toEqual([1, 2, 3])
    expect(await revisions(`${log}?after=11`)).toEqual([])
    expect(await revisions(`${log}?after=500`)).toEqual([])
  })

  it('goes on to its end, and no further', async () => {
    expect(await allPages(`${log}?limit=5`)).toEqual([
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
      [10, 11],
    ])
    expect(await allPages(`${log}?limit=6`)).toHaveLength(2)
  })

  it('needs no read model', async () => {
    expect(await revisions(log)).toHaveLength(12)
  })
})

describe.each([
  ['have everything', 12],
  ['are behind', 7],
  ['have nothing', 0],
])('the filtered log, while the read models %s', (_name, projected) => {
  beforeEach(() => http.project(books.events.slice(0, projected)))

  it.each([
    ['types=AccountOpened,AccountFrozen', [1, 2, 3, 11]],
    ['types=CommandRejected', [10]],
    ['types=HoldPlaced', []],
    ['account=alice', [2, 4, 6, 8, 11]],
    ['account=bob&after=5', [7, 9]],
    ['account=alice&types=TransactionPosted', [4, 6, 8]],
    ['account=nobody', []],
    ['types=AccountFrozen&after=500', []],
  ])('is %s', async (query, expected) => {
    expect(await revisions(`${log}?${query}`)).toEqual(expected)
    const pages = await allPages(`${log}?${query}&limit=2`)
    expect(pages.flat()).toEqual(expected)
    expect(pages.every((page) => page.length <= 2)).toBe(true)
  })
})

describe('a question about the log', () => {
  it.each([
    ['after=x', '/query/after'],
    ['after=-1', '/query/after'],
    ['types=Nothing', '/query/types'],
    ['types=', '/query/types'],
    ['types=AccountOpened,', '/query/types'],
    ['account=a::b', '/query/account'],
    ['limit=201', '/query/limit'],
    ['from=2026-01-01', '/query/from'],
    ['after=1&after=2', '/query/after'],
  ])('is refused: %s', async (query, pointer) => {
    const { status, body } = await read(http.request(`${log}?${query}`))
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'validation-failed', errors: [{ pointer }] })
  })

  it('takes no cursor of another filter', async () => {
    const { body } = await read(http.request(`${log}?limit=1`))
    const cursor = String(Reflect.get(Object(body['page']), 'next'))
    expect(await problemOf(http.request(`${log}?types=AccountOpened&cursor=${cursor}`))).toBe(
      '400 invalid-cursor',
    )
  })

  it('is a 404 where there is no such ledger', async () => {
    expect(await problemOf(http.request('/v1/ledgers/nowhere/events'))).toBe('404 ledger-not-found')
    expect(await problemOf(http.request('/v1/ledgers/No/events'))).toBe('404 ledger-not-found')
  })

  it('waits for the log to come to Min-Revision', async () => {
    const at = { headers: { 'min-revision': '12' } }
    const waiting = http.request(`${log}?after=11`, at)
    books.post('bank -> bob 1')
    setTimeout(() => void http.append(books.events.slice(12)), 20)
    expect((await waiting).headers.get('ledger-revision')).toBe('12')
    const tooFar = { headers: { 'min-revision': '13' } }
    expect(await problemOf(http.request(log, tooFar))).toBe('503 projection-behind')
  })
})

describe('one event', () => {
  it('is its stored bytes', async () => {
    const { text, headers } = await read(http.request(`${log}/10`))
    expect(text).toBe(`{"data":${http.store.eventsOf('ledger-acme')[10]?.json}}`)
    expect(headers.get('ledger-revision')).toBe('11')
  })

  it.each(['12', '007', 'x', '-1', '99999999999999999999'])(
    'is not there: %s',
    async (revision) => {
      expect(await problemOf(http.request(`${log}/${revision}`))).toBe('404 event-not-found')
    },
  )

  it('is in no ledger that does not exist', async () => {
    expect(await problemOf(http.request('/v1/ledgers/nowhere/events/x'))).toBe(
      '404 ledger-not-found',
    )
  })
})
