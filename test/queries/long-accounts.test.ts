import { beforeAll, expect, it } from 'vitest'
import { formatTimestamp } from '#values/timestamps.ts'
import { allPages, dataOf, project, type Store } from '#test/queries/asking.ts'
import { Books } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'
import { inAcme } from '#test/queries/example-books.ts'

closeAfterwards()

const transactions = 600
const postingsEach = 5

/** Postings of 1 to 3,000 on one account, one business second after the other, five in a transaction. */
function longBooks(): Books {
  const books = new Books()
  const recorded = { recordedAt: '2026-06-01T00:00:00.000Z' }
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'USD/2' }] })
  books.do('OpenAccount', { accountId: 'from', type: 'equity' })
  books.do('OpenAccount', { accountId: 'to', type: 'equity' })
  for (let index = 0; index < transactions; index += 1) {
    const postings = Array.from({ length: postingsEach }, (_, posting) => ({
      debit: 'from',
      credit: 'to',
      asset: 'USD/2',
      amount: String(index * postingsEach + posting + 1),
    }))
    books.do('PostTransaction', { postings, effectiveAt: timeOf(index) }, recorded)
  }
  return books
}

function timeOf(index: number): string {
  return formatTimestamp(Date.UTC(2026, 0, 1) + index * 1000) ?? ''
}

/** 1 + 2 + … + n. */
function sumTo(count: number): string {
  return ((count * (count + 1)) / 2).toString()
}

describeOnEngines('an account with more postings than are read at a time', (open) => {
  const to = { ...inAcme, accountId: 'to', asset: 'USD/2' }
  let store: Store
  beforeAll(async () => {
    store = await open()
    await project(store, longBooks().events)
  })

  it.each([0, 1, 199, 200, 299, 300, 301, 450, 598, 599])(
    'is added up from either end of its history: after %i transactions',
    async (index) => {
      const asked = { ...to, effectiveAt: timeOf(index) }
      const postedCredits = sumTo((index + 1) * postingsEach)
      const known = await dataOf(store, 'accountBalances', asked)
      expect(known).toMatchObject([{ postedDebits: '0', postedCredits }])
      const statement = { ...to, from: timeOf(index + 1) }
      expect(await dataOf(store, 'accountStatement', statement, 1)).toMatchObject({
        opening: postedCredits,
      })
    },
  )

  it('has a statement of all lines, in one page or several', async () => {
    const whole = await dataOf(store, 'accountStatement', to, 10_000)
    expect(whole).toMatchObject({ opening: '0', closing: sumTo(3000) })
    expect(Reflect.get(Object(whole), 'lines')).toHaveLength(3000)
    const pages = await allPages(store, ['accountStatement', to], { limit: 1_000 })
    expect(pages.map((page) => Reflect.get(Object(page), 'closing'))).toEqual([
      sumTo(1000),
      sumTo(2000),
      sumTo(3000),
    ])
  })

  it('lists each of its transactions once', async () => {
    const asked = { ...inAcme, account: 'to' }
    const pages = await allPages(store, ['listTransactions', asked], { limit: 200 })
    expect(pages.map((page) => Object.values(page ?? {}).length)).toEqual([200, 200, 200])
    const named = pages
      .flatMap((page) => Object.values(page ?? {}))
      .map((each) => Reflect.get(Object(each), 'transactionId'))
    expect(new Set(named).size).toBe(600)
  })

  it('names each of its events once', async () => {
    const asked = { ...inAcme, accountId: 'to' }
    const pages = await allPages(store, ['accountEventRevisions', asked], { limit: 200 })
    expect(pages.flat()).toEqual(Array.from({ length: 601 }, (_, index) => String(index + 2)))
  })
})
