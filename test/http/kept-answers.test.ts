import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteReadModels } from '#adapters/sqlite/read-models.ts'
import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import { accounts } from '#projections/accounts.ts'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import { project, type Store } from '#test/queries/asking.ts'
import { Books } from '#test/queries/books.ts'
import { countedViews } from '#test/support/counted-views.ts'
import { type Harness, openHarness, problemOf, read } from '#test/support/http-harness.ts'

let stack: AsyncDisposableStack
let path: string
let folder: string
let store: Store
let http: Harness
let opened: () => number
let books: Books

const balances = '/v1/ledgers/acme/accounts/alice/balances'
const limits = { minRevisionWaitMs: 0, keptAnswersMax: 3, askedOnceMax: 4 }

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  ;({ path, folder } = stack.use(await aReadModelFile()))
  store = await openStore()
  const counted = countedViews(stack.use(await openSqliteReadModels({ path })))
  opened = counted.opened
  http = stack.use(await openHarness({ readModels: counted.readModels, limits }))
  books = booksOf('acme')
  await project(store, books.events)
  await http.append(books.events)
})
afterEach(() => stack.disposeAsync())

/** The projector's side, on connections of its own. */
async function openStore(): Promise<Store> {
  const writer = stack.use(await openSqliteReadModelWriter({ path }))
  return { ...writer, ...stack.use(await openSqliteReadModels({ path })) }
}

function booksOf(ledgerId: string): Books {
  const made = new Books(ledgerId)
  made.do('OpenLedger', { ledgerId, name: ledgerId, assets: [{ asset: 'USD/2' }] })
  made.do('OpenAccount', { accountId: 'bank', type: 'asset' })
  for (const name of ['alice', 'bob'])
    made.do('OpenAccount', { accountId: name, type: 'liability' })
  made.post('bank -> alice 25')
  return made
}

/** What is asked once is not kept. */
async function askTwice(target: string): Promise<void> {
  for (let times = 0; times < 2; times += 1) expect((await http.request(target)).status).toBe(200)
}

/** Whether asking opened a view. */
async function isMade(target: string, headers: Record<string, string> = {}): Promise<boolean> {
  const before = opened()
  expect((await http.request(target, { headers })).status).toBe(200)
  return opened() > before
}

describe('an answer', () => {
  it.each([
    balances,
    `${balances}?effectiveAt=2026-12-31T00:00:00Z`,
    '/v1/ledgers/acme/accounts/alice/entries?limit=50',
    '/v1/ledgers/acme/accounts?limit=1',
    '/v1/ledgers',
    '/v1/ledgers/acme',
    '/v1/ledgers/acme/trial-balance',
  ])('is given again as it was made: %s', async (target) => {
    await http.request(target)
    const made = await read(http.request(target))
    const views = opened()
    const kept = await read(http.request(target))
    expect(opened()).toBe(views)
    expect([kept.status, kept.text]).toEqual([200, made.text])
    const own = ['date', 'request-id', 'correlation-id', 'causation-id']
    const ofAnswer = (headers: Headers) => [...headers].filter(([name]) => !own.includes(name))
    expect(ofAnswer(kept.headers)).toEqual(ofAnswer(made.headers))
    expect(kept.headers.get('request-id')).not.toBe(made.headers.get('request-id'))
  })

  it('carries the trace of the request that it is given to', async () => {
    await askTwice(balances)
    const { headers } = await http.request(balances, { headers: { 'correlation-id': 'order-7' } })
    expect(headers.get('correlation-id')).toBe('order-7')
  })

  it('is made anew as soon as something of its ledger was stored', async () => {
    await askTwice(balances)
    expect(await isMade(balances)).toBe(false)
    books.post('bank -> alice 5')
    await project(store, books.events)
    const { headers, body } = await read(http.request(balances))
    expect(headers.get('ledger-revision')).toBe('5')
    expect(body).toMatchObject({ data: [{ posted: '30' }] })
  })

  it('outlasts what is stored of another ledger', async () => {
    await askTwice(balances)
    await project(store, booksOf('other').events)
    expect(await isMade(balances)).toBe(false)
    expect(await isMade('/v1/ledgers')).toBe(true)
  })

  it('is another one for other parameters, and for a later page', async () => {
    const list = '/v1/ledgers/acme/accounts?limit=1'
    const { body } = await read(http.request(list))
    const next = String(Reflect.get(Object(body['page']), 'next'))
    const later = await read(http.request(`${list}&cursor=${next}`))
    expect(later.body).toMatchObject({ data: [{ accountId: 'bank' }] })
    expect((await read(http.request(list))).body).toEqual(body)
    expect((await read(http.request('/v1/ledgers/acme/accounts?limit=2'))).text).toContain('bank')
  })

  it('is none where a later revision is asked for', async () => {
    await askTwice(balances)
    expect(await isMade(balances, { 'min-revision': '4' })).toBe(false)
    expect(await problemOf(ask({ 'min-revision': '5' }))).toBe('503 projection-behind')
    books.post('bank -> alice 5')
    await project(store, books.events)
    expect(await isMade(balances, { 'min-revision': '5' })).toBe(true)
  })

  it('is none for a request that is refused', async () => {
    await askTwice(balances)
    expect(await problemOf(ask({ accept: 'text/html' }))).toBe('406 not-acceptable')
    expect(await problemOf(ask({ 'min-revision': 'x' }))).toBe('400 validation-failed')
    expect(await problemOf(ask({ 'correlation-id': 'x'.repeat(129) }))).toBe(
      '400 validation-failed',
    )
  })

  it('is given to HEAD without its body', async () => {
    await askTwice('/v1/ledgers/acme')
    const views = opened()
    const head = await http.request('/v1/ledgers/acme', { method: 'HEAD' })
    expect([head.status, await head.text(), opened()]).toEqual([200, '', views])
  })
})

describe('what is not answered', () => {
  it.each([
    ['/v1/ledgers/acme/accounts/nobody', '404 account-not-found'],
    ['/v1/ledgers/nowhere', '404 ledger-not-found'],
  ])('is looked up each time: %s', async (target, problem) => {
    for (let times = 0; times < 2; times += 1) {
      const views = opened()
      expect(await problemOf(http.request(target))).toBe(problem)
      expect(opened()).toBeGreaterThan(views)
    }
  })

  it('is told at once where the ledger is parked', async () => {
    await askTwice(balances)
    const parked = { revision: 5n, reason: 'poison' }
    const checkpoint = { revision: 4n, recordedAt: '2026-01-01T00:00:00.000Z', parked }
    const change = { model: accounts, ledgerId: 'acme', expected: 4n, checkpoint, documents: [] }
    expect(await store.commit([change])).toBe(true)
    expect(await problemOf(ask())).toBe('503 parked')
  })
})

describe('answers of read models that are made anew', () => {
  it('are those of the build that serves', async () => {
    const build = await store.startBuild(accounts, '2026-01-01T00:00:00.000Z')
    const found = await store.load(accounts, 'acme', ['bank', 'alice', 'bob'])
    const documents = found.map((each) => ({
      ...each,
      document: JSON.parse(JSON.stringify(each.document).replaceAll('"25"', '"26"')),
    }))
    const checkpoint = { revision: 4n, recordedAt: '2026-01-01T00:00:00.000Z' }
    const model = { ...accounts, build }
    await store.commit([{ model, ledgerId: 'acme', expected: undefined, checkpoint, documents }])
    await askTwice(balances)
    expect(await isMade(balances)).toBe(false)
    await store.serveBuild(model)
    expect((await read(ask())).body).toMatchObject({ data: [{ posted: '26' }] })
  })

  it('are those of the file that is there now', async () => {
    await askTwice(balances)
    for (const name of await readdir(folder)) await rm(join(folder, name))
    expect(await problemOf(ask())).toBe('503 unavailable')
    const anew = await openStore()
    await project(anew, books.events.slice(0, -1))
    expect((await read(ask())).body).toEqual({ data: [] })
    await project(anew, books.events)
    expect((await read(ask())).body).toMatchObject({ data: [{ posted: '25' }] })
  })
})

describe('what was asked once', () => {
  it('is made again, and kept from then on', async () => {
    const made = [await isMade(balances), await isMade(balances), await isMade(balances)]
    expect(made).toEqual([true, true, false])
  })

  it('is forgotten where many others were asked since', async () => {
    const of = (limit: number) => `/v1/ledgers/acme/accounts?limit=${limit}`
    await http.request(balances)
    for (const limit of [1, 2, 3, 4]) await http.request(of(limit))
    const made = [await isMade(balances), await isMade(balances), await isMade(balances)]
    expect(made).toEqual([true, true, false])
  })

  it('drives out nothing that is kept', async () => {
    await askTwice(balances)
    for (let limit = 1; limit < 10; limit += 1)
      await http.request(`/v1/ledgers/acme/accounts?limit=${limit}`)
    expect(await isMade(balances)).toBe(false)
  })

  it('at a very long target is never kept', async () => {
    const target = `/v1/ledgers/acme/accounts?${'&'.repeat(1_000)}limit=1`
    await askTwice(target)
    expect(await isMade(target)).toBe(true)
  })
})

describe('answers that are kept', () => {
  const of = (name: string) => `/v1/ledgers/acme/accounts/${name}`

  it('are those asked for last', async () => {
    for (const name of ['bank', 'alice', 'bob', 'bank', 'alice/balances']) await askTwice(of(name))
    const made: boolean[] = []
    for (const name of ['bank', 'bob', 'alice/balances']) made.push(await isMade(of(name)))
    expect(made).toEqual([false, false, false])
    expect(await isMade(of('alice'))).toBe(true)
  })

  it('are not one that is larger than its bound, and no more than fit in all', async () => {
    const readModels = countedViews(stack.use(await openSqliteReadModels({ path })))
    opened = readModels.opened
    const bounds = { keptAnswerBytesMax: 1_500, keptBytesMax: 2_500 }
    http = stack.use(await openHarness({ ...readModels, limits: bounds }))
    const list = '/v1/ledgers/acme/accounts'
    for (const target of [of('alice'), list]) await askTwice(target)
    expect([await isMade(of('alice')), await isMade(list)]).toEqual([false, true])
    for (const name of ['bank', 'bob']) await askTwice(of(name))
    expect(await isMade(of('alice'))).toBe(true)
  })
})

function ask(headers: Record<string, string> = {}): Promise<Response> {
  return http.request(balances, { headers })
}
