import { expect, it } from 'vitest'
import { describeEndToEnd } from '#test/end-to-end/engines.ts'
import { column, member, outcome, sorted, type TestBooks } from '#test/end-to-end/test-books.ts'
import { day, week } from '#test/end-to-end/week.ts'

describeEndToEnd('what we believe', (on) => {
  const balances = async (books: TestBooks, query: string) => {
    const answer = await books.get(`/accounts/users:alice/balances?asset=USD/2${query}`)
    expect(answer.at('data')).toHaveLength(1)
    return Object(answer.at('data', 0))
  }

  it('about a day is what was posted up to it, by business time', async () => {
    const books = await on.books()
    await week(books)
    for (const [at, posted] of [
      [day(1), '0'],
      [day(2), '1000'],
      ['2026-03-03T11:59:59.999Z', '1000'],
      [day(3), '995'],
      [day(4), '695'],
      [day(5), '695'],
    ]) {
      const balance = await balances(books, `&effectiveAt=${at}`)
      expect(balance.posted).toBe(posted)
      expect(balance).not.toHaveProperty('available')
      expect(balance).not.toHaveProperty('pending')
    }
  })

  it('at a moment is what had been recorded by then, with all its members', async () => {
    const books = await on.books()
    const { revisions, times } = await week(books)
    for (const [index, posted] of ['1000', '700', '695'].entries()) {
      expect(await balances(books, `&recordedAt=${times[index]}`)).toMatchObject({
        posted,
        pending: posted,
        available: posted,
      })
      expect(await balances(books, `&atRevision=${revisions[index]}`)).toMatchObject({
        posted,
        pending: posted,
        available: posted,
      })
    }
  })

  it('at one moment about another: what did we believe on the 5th about the 3rd', async () => {
    const books = await on.books()
    const { revisions, times } = await week(books)
    const believed = async (at: string) =>
      (await balances(books, `&effectiveAt=${day(3)}&${at}`)).posted
    expect(await believed(`recordedAt=${times[1]}`)).toBe('1000')
    expect(await believed(`atRevision=${revisions[1]}`)).toBe('1000')
    expect(await believed(`recordedAt=${times[2]}`)).toBe('995')
  })

  it('takes any offset, also where the plus was not encoded', async () => {
    const books = await on.books()
    await week(books)
    expect((await balances(books, '&effectiveAt=2026-03-02T14:00:00%2B02:00')).posted).toBe('1000')
    expect((await balances(books, '&effectiveAt=2026-03-02T14:00:00+02:00')).posted).toBe('1000')
  })

  it('of an asset that was never used is nothing, and of one that is not registered is refused', async () => {
    const books = await on.books()
    const answer = await books.get('/accounts/fees/balances?asset=JPY/0')
    const zero = {
      postedDebits: '0',
      postedCredits: '0',
      pendingDebits: '0',
      pendingCredits: '0',
      posted: '0',
      pending: '0',
      available: '0',
    }
    expect(answer.at('data')).toEqual([{ accountId: 'fees', asset: 'JPY/0', ...zero }])
    expect((await books.get('/accounts/fees/balances')).at('data')).toEqual([])
    expect(outcome(await books.get('/accounts/fees/balances?asset=XAU/0'))).toBe(
      '422 asset-unknown',
    )
    expect(outcome(await books.get('/accounts/nobody/balances'))).toBe('404 account-not-found')
  })

  it('has holds in it as of then', async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 100')
    const holdId = await books.held('users:alice -> users:bob 40')
    await books.post(`/holds/${holdId}/void`, { reason: 'r' })
    expect(await balances(books, `&atRevision=${holdId}`)).toMatchObject({
      posted: '100',
      pending: '60',
      available: '60',
    })
    expect(await balances(books, '')).toMatchObject({
      posted: '100',
      pending: '100',
      available: '100',
    })
  })

  it('of a moment that is not yet is refused, or not there', async () => {
    const books = await on.books()
    const answer = await books.get('/accounts/fees/balances?atRevision=999999')
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(600)
    expect(answer.status).not.toBe(500)
  })
})

describeEndToEnd('a statement', (on) => {
  it('runs from its opening to its closing by business time', async () => {
    const books = await on.books()
    const { revisions } = await week(books)
    const answer = await books.get(
      `/accounts/users:alice/statement?asset=USD/2&from=${day(3)}&to=${day(4)}`,
    )
    expect(answer.at('data')).toMatchObject({
      accountId: 'users:alice',
      asset: 'USD/2',
      from: day(3),
      to: day(4),
      opening: '1000',
      totalDebits: '5',
      totalCredits: '0',
      closing: '995',
    })
    expect(answer.at('data', 'lines')).toEqual([
      {
        transactionId: `${revisions[2]}`,
        revision: `${revisions[2]}`,
        posting: 0,
        side: 'debit',
        accountId: 'users:alice',
        counterparty: 'fees',
        asset: 'USD/2',
        amount: '5',
        effectiveAt: day(3),
        recordedAt: expect.any(String),
        balance: '995',
        description: 'late, "quoted"; fee',
      },
    ])
    const whole = await books.get('/accounts/users:alice/statement?asset=USD/2')
    expect(column(whole.at('data', 'lines'), 'balance')).toEqual(['1000', '995', '695'])
    expect(whole.at('data')).toMatchObject({
      opening: '0',
      closing: '695',
      totalDebits: '305',
      totalCredits: '1000',
    })
  })

  it('agrees, page by page, with the entries and the balance', async () => {
    const books = await on.books()
    for (let index = 1; index <= 25; index += 1)
      await books.transacted(
        index % 3 === 0
          ? `users:alice -> users:bob ${index}`
          : `bank:cash -> users:alice ${index * 2}`,
        { effectiveAt: `2026-03-01T00:00:${String((index * 7) % 60).padStart(2, '0')}Z` },
      )
    const path = '/accounts/users:alice/statement?asset=USD/2&limit=7'
    const lines: unknown[] = []
    let closing = '0'
    for (let cursor = ''; ; ) {
      const page = await books.get(`${path}${cursor}`)
      expect(page.at('data', 'opening')).toBe(closing)
      closing = page.string('data', 'closing')
      lines.push(...[page.at('data', 'lines')].flat())
      if (page.at('page', 'next') === null) break
      cursor = `&cursor=${encodeURIComponent(page.string('page', 'next'))}`
    }
    expect(lines).toHaveLength(25)
    expect(`${closing} ${closing} ${closing}`).toBe(await books.balance('users:alice'))
    const times = column(lines, 'effectiveAt')
    expect(times).toEqual(sorted(times))
    const entries = await books.all('/accounts/users:alice/entries?limit=6')
    expect(sorted(column(entries, 'revision'))).toEqual(sorted(column(lines, 'revision')))
    expect(member(entries.at(-1), 'balance')).toBe(closing)
  })

  it('as CSV says the same', async () => {
    const books = await on.books()
    await week(books)
    const path = books.path('/accounts/users:alice/statement?asset=USD/2')
    const json = await books.get('/accounts/users:alice/statement?asset=USD/2')
    const csv = await on.api.get(path, {
      accept: 'text/csv',
      'min-revision': json.revision.toString(),
    })
    expect(csv.status).toBe(200)
    const [head, opening, ...rest] = csv.text.trimEnd().split('\r\n')
    expect(head).toBe(
      'effectiveAt,recordedAt,transactionId,description,counterparty,debit,credit,balance',
    )
    expect(opening).toMatch(/,0$/)
    expect(rest.at(-1)).toMatch(/,695$/)
    expect(rest).toHaveLength(4)
    expect(rest[1]).toContain('"late, ""quoted""; fee",fees,5,,995')
    expect(rest.slice(0, 3).map((line) => line.split(',').at(-1))).toEqual(
      column(json.at('data', 'lines'), 'balance'),
    )
  })

  it('as CSV streams more than a page', async () => {
    const books = await on.books()
    const commands = Array.from({ length: 1000 }, () => ({
      command: 'PostTransaction',
      postings: [{ debit: 'bank:cash', credit: 'users:alice', asset: 'USD/2', amount: '1' }],
    }))
    for (let round = 0; round < 3; round += 1)
      await books.post('/batches', { mode: 'independent', commands })
    const head = await books.head()
    const csv = await on.api.get(books.path('/accounts/users:alice/statement?asset=USD/2'), {
      accept: 'text/csv',
      'min-revision': head.toString(),
    })
    const lines = csv.text.trimEnd().split('\r\n')
    expect(lines).toHaveLength(3003)
    expect(lines.at(-1)).toMatch(/,3000$/)
  })
})

describeEndToEnd('a trial balance', (on) => {
  it('balances, whole and by either clock', async () => {
    const books = await on.books()
    const { revisions, times } = await week(books)
    await books.transacted('bank:cash -> capital 7 EUR/2')
    const at = async (query: string) => {
      const answer = await books.get(`/trial-balance${query}`)
      const assets = answer.at('data', 'assets')
      const dollars = column(assets, 'asset').indexOf('USD/2')
      for (const index of column(assets, 'asset').keys())
        expect(answer.at('data', 'assets', index, 'totalDebits')).toBe(
          answer.at('data', 'assets', index, 'totalCredits'),
        )
      const rows = answer.at('data', 'assets', dollars, 'accounts')
      const sum = (side: string) =>
        column(rows, side).reduce((total: bigint, amount) => total + BigInt(String(amount)), 0n)
      expect(sum('debits')).toBe(sum('credits'))
      return answer.at('data', 'assets', dollars, 'totalDebits')
    }
    expect(await at('')).toBe('1305')
    expect(await at('?asset=USD/2')).toBe('1305')
    expect(await at(`?asset=USD/2&effectiveAt=${day(3)}`)).toBe('1005')
    expect(await at(`?asset=USD/2&recordedAt=${times[0]}`)).toBe('1000')
    expect(await at(`?asset=USD/2&atRevision=${revisions[1]}`)).toBe('1300')
    expect(await at(`?asset=USD/2&effectiveAt=${day(3)}&atRevision=${revisions[1]}`)).toBe('1000')
    expect(outcome(await books.get('/trial-balance?asset=XAU/0'))).toBe('422 asset-unknown')
  })

  it('comes in pages of accounts with whole totals', async () => {
    const books = await on.books()
    await week(books)
    const rows: unknown[] = []
    for (let cursor = ''; ; ) {
      const page = await books.get(`/trial-balance?asset=USD/2&limit=1${cursor}`)
      expect(page.at('data', 'assets', 0, 'totalDebits')).toBe('1305')
      expect(page.at('data', 'assets', 0, 'accounts')).toHaveLength(1)
      rows.push(...[page.at('data', 'assets', 0, 'accounts')].flat())
      if (page.at('page', 'next') === null) break
      cursor = `&cursor=${encodeURIComponent(page.string('page', 'next'))}`
    }
    expect(column(rows, 'accountId')).toEqual(['bank:cash', 'fees', 'users:alice', 'users:bob'])
  })
})
