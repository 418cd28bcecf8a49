import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { describeEndToEnd } from '#test/end-to-end/engines.ts'
import { column, outcome, sorted } from '#test/end-to-end/test-books.ts'
import { day, week } from '#test/end-to-end/week.ts'

describeEndToEnd('a list', (on) => {
  it('of accounts is filtered by prefix, type and status', async () => {
    const books = await on.books()
    await books.post('/accounts/fees/close', { reason: 'r' })
    const ids = async (query: string) => column(await books.all(`/accounts?${query}`), 'accountId')
    expect(await ids('prefix=users:')).toEqual(['users:alice', 'users:bob'])
    expect(await ids('prefix=users:a')).toEqual(['users:alice'])
    expect(await ids('type=liability')).toEqual(['users:alice', 'users:bob'])
    expect(await ids('status=closed')).toEqual(['fees'])
    expect(await ids('type=income&status=open')).toEqual([])
    expect(await ids('')).toEqual([
      'bank:cash',
      'capital',
      'fees',
      'rent',
      'users:alice',
      'users:bob',
    ])
  })

  it('of transactions is filtered by account, reference and business time', async () => {
    const books = await on.books()
    const { revisions } = await week(books)
    const tagged = await books.transacted('bank:cash -> users:bob 1', { externalReference: 'x y' })
    const ids = async (query: string) =>
      column(await books.all(`/transactions?${query}`), 'transactionId')
    const [deposit, rent, fee] = revisions.map(String)
    expect(await ids('')).toEqual([tagged, fee, rent, deposit])
    expect(await ids('account=fees')).toEqual([fee])
    expect(await ids('account=users:bob')).toEqual([tagged, rent])
    expect(await ids('externalReference=x%20y')).toEqual([tagged])
    expect(await ids(`from=${day(3)}&to=${day(4)}`)).toEqual([fee])
    expect(await ids(`account=users:alice&from=${day(3)}&limit=1`)).toEqual([fee, rent])
    expect(await ids('account=nobody')).toEqual([])
  })

  it('of entries runs either way, within a span of business time', async () => {
    const books = await on.books()
    const { revisions } = await week(books)
    const seen = async (query: string) =>
      column(await books.all(`/accounts/users:alice/entries?${query}`), 'revision')
    const [deposit, rent, fee] = revisions.map(String)
    expect(await seen('')).toEqual([deposit, rent, fee])
    expect(await seen('order=desc&limit=2')).toEqual([fee, rent, deposit])
    expect(await seen(`from=${day(3)}`)).toEqual([rent, fee])
    expect(await seen(`to=${day(4)}&asset=USD/2`)).toEqual([deposit, fee])
    expect(await seen('asset=EUR/2')).toEqual([])
    expect(outcome(await books.get('/accounts/nobody/entries'))).toBe('404 account-not-found')
  })

  it('of holds is filtered by status, account and reference', async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 100')
    const open = await books.held('users:alice -> users:bob 1', { externalReference: 'h' })
    const voided = await books.held('users:alice -> fees 2')
    await books.post(`/holds/${voided}/void`, { reason: 'r' })
    const ids = async (query: string) => column(await books.all(`/holds?${query}`), 'holdId')
    expect(await ids('')).toEqual([voided, open])
    expect(await ids('status=open')).toEqual([open])
    expect(await ids('status=voided&account=fees')).toEqual([voided])
    expect(await ids('account=users:alice&limit=1')).toEqual([voided, open])
    expect(await ids('externalReference=h')).toEqual([open])
    expect(await ids('status=captured')).toEqual([])
  })

  it('of commands is filtered by everything that it says', async () => {
    const books = await on.books()
    const good = await books.transact(
      'bank:cash -> users:alice 1',
      {},
      { 'correlation-id': 'one', 'idempotency-key': 'k 1' },
    )
    const bad = await books.transact('users:bob -> users:alice 1', {}, { 'correlation-id': 'one' })
    const seen = async (query: string) => column(await books.all(`/commands?${query}`), 'revision')
    expect(await seen('outcome=rejected')).toEqual([`${bad.revision}`])
    expect(await seen('correlationId=one')).toEqual([`${bad.revision}`, `${good.revision}`])
    expect(await seen('correlationId=one&outcome=accepted')).toEqual([`${good.revision}`])
    expect(await seen('idempotencyKey=k%201')).toEqual([`${good.revision}`])
    expect(await seen('actor=nobody')).toEqual([])
    expect((await seen('actor=anonymous&limit=3')).length).toBe(9)
    expect(await seen(`from=${good.string('data', 'recordedAt')}&limit=1`)).toEqual([
      `${bad.revision}`,
      `${good.revision}`,
    ])
    expect(await seen('to=2026-01-01T00:00:00Z')).toEqual([])
  })

  it('of ledgers has every one of them', async () => {
    const [one, two] = [await on.books(), await on.books()]
    await Promise.all([one.get(), two.get()])
    const ids = column(await on.api.all('/v1/ledgers?limit=3'), 'ledgerId')
    expect(ids).toEqual(sorted(ids))
    expect(ids).toContain(one.ledgerId)
    expect(ids).toContain(two.ledgerId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('ends, in pages of every size, with every item once', async () => {
    const books = await on.books()
    for (let index = 0; index < 7; index += 1) {
      await books.transacted('bank:cash -> users:alice 10')
      await books.held('users:alice -> users:bob 1')
    }
    for (const path of [
      '/accounts',
      '/transactions',
      '/holds',
      '/commands',
      '/events',
      '/accounts/users:alice/entries',
      '/transactions?account=users:alice',
      '/holds?status=open',
      '/events?types=HoldPlaced',
      '/events?account=users:bob',
      '/events?account=users:bob&types=HoldPlaced,AccountOpened',
    ]) {
      const join = path.includes('?') ? '&' : '?'
      const whole = await books.all(`${path}${join}limit=200`)
      expect(whole.length).toBeGreaterThan(5)
      for (const limit of [1, 2, 5, whole.length])
        expect(await books.all(`${path}${join}limit=${limit}`)).toEqual(whole)
    }
  })

  it('takes a cursor for another limit, but for no other question', async () => {
    const books = await on.books()
    const other = await on.books()
    const first = await books.get('/accounts?limit=2&type=liability&prefix=u')
    expect(first.at('page')).toEqual({ next: null, limit: 2 })
    const page = await books.get('/accounts?limit=2')
    expect(page.at('page', 'limit')).toBe(2)
    const cursor = encodeURIComponent(page.string('page', 'next'))
    expect((await books.get(`/accounts?limit=3&cursor=${cursor}`)).at('data')).toHaveLength(3)
    expect((await books.get('/accounts')).at('page')).toEqual({ next: null, limit: 50 })
    const flipped = `${cursor.slice(0, 5)}${cursor[5] === 'A' ? 'B' : 'A'}${cursor.slice(6)}`
    for (const path of [
      `/accounts?cursor=${flipped}`,
      `/accounts?cursor=${cursor}A`,
      `/accounts?cursor=${cursor.slice(0, -2)}`,
      `/accounts?type=asset&cursor=${cursor}`,
      `/transactions?cursor=${cursor}`,
      `/events?cursor=${cursor}`,
      `/accounts/users:alice/entries?cursor=${cursor}`,
    ])
      expect(outcome(await books.get(path))).toBe('400 invalid-cursor')
    expect(outcome(await other.get(`/accounts?cursor=${cursor}`))).toBe('400 invalid-cursor')
  })
})

describeEndToEnd('Min-Revision', (on) => {
  it('shows at least what was asked for, at once, on every read', async () => {
    const books = await on.books()
    for (let index = 1; index <= 20; index += 1) {
      await books.transacted('bank:cash -> users:alice 1')
      expect(await books.balance('users:alice')).toBe(`${index} ${index} ${index}`)
    }
  })

  it('of what is not there yet is a 503 that says where we are', async () => {
    const books = await on.books()
    const head = await books.head()
    for (const path of [
      '',
      '/accounts',
      '/events',
      '/accounts/fees/statement?asset=USD/2',
      `/events/${head}`,
    ]) {
      const begun = performance.now()
      const answer = await on.api.get(books.path(path), { 'min-revision': `${head + 1n}` })
      expect(outcome(answer)).toBe('503 projection-behind')
      expect(answer.at('context')).toEqual({ applied: `${head}`, head: `${head}` })
      expect(answer.headers['retry-after']).toBe('1')
      expect(performance.now() - begun).toBeLessThan(4_000)
    }
  })

  it('waits for what is just being written', async () => {
    const books = await on.books()
    const head = await books.head()
    const waiting = on.api.get(books.path('/accounts/users:alice'), {
      'min-revision': `${head + 1n}`,
    })
    await sleep(100)
    await books.transacted('bank:cash -> users:alice 5')
    expect((await waiting).at('data', 'balances', 0, 'posted')).toBe('5')
  })
})
