import { beforeAll, expect, it } from 'vitest'
import {
  allPages,
  type Asked,
  column,
  dataOf,
  project,
  refusalOf,
  type Store,
} from '#test/queries/asking.ts'
import type { Books } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'
import { exampleBooks, noonOn2March, ofAlice } from '#test/queries/example-books.ts'

closeAfterwards()

describeOnEngines('the entries of an account', (open) => {
  let books: Books
  let store: Store
  beforeAll(async () => {
    books = exampleBooks()
    store = await open()
    await project(store, books.events)
  })
  const revisions = async (asked: Asked) =>
    column(await dataOf(store, 'accountEntries', { ...ofAlice, ...asked }), 'revision')

  it('are in the order of the log, each with what was posted after it', async () => {
    const entries = await dataOf(store, 'accountEntries', ofAlice)
    expect(column(entries, 'revision')).toEqual(['5', '6', '8', '9', '10', '13'])
    expect(column(entries, 'balance')).toEqual(['10000', '7500', '8000', '7000', '7500', '7400'])
    expect(Object.values(entries ?? {})[1]).toEqual({
      transactionId: '6',
      revision: '6',
      posting: 0,
      side: 'debit',
      accountId: 'users:alice',
      counterparty: 'users:bob',
      asset: 'USD/2',
      amount: '2500',
      effectiveAt: '2026-03-03T10:00:00.000Z',
      recordedAt: '2026-03-03T10:00:00.000Z',
      balance: '7500',
      description: 'rent',
    })
  })

  it('come newest first where asked', async () => {
    expect(await revisions({ order: 'desc' })).toEqual(['13', '10', '9', '8', '6', '5'])
    expect(await revisions({ order: 'asc' })).toEqual(await revisions({}))
  })

  it('are narrowed by business time and by asset', async () => {
    const span = { from: noonOn2March, to: '2026-03-06T10:00:00Z' }
    expect(await revisions(span)).toEqual(['6', '8', '13'])
    expect(await revisions({ ...span, asset: 'USD/2', order: 'desc' })).toEqual(['13', '8', '6'])
    expect(await revisions({ asset: 'EUR/2' })).toEqual([])
  })

  it('come in pages that tell when nothing follows', async () => {
    const pages = await allPages(store, ['accountEntries', ofAlice], { limit: 3 })
    expect(pages.map((page) => column(page, 'revision'))).toEqual([
      ['5', '6', '8'],
      ['9', '10', '13'],
    ])
  })

  it('of an account that is not there are refused', async () => {
    const carol = { ...ofAlice, accountId: 'users:carol' }
    expect(await refusalOf(store, 'accountEntries', carol)).toBe('account-not-found')
  })
})

describeOnEngines('one transaction with many sides on an account', (open) => {
  it('is paged through side by side', async () => {
    const books = exampleBooks()
    const posting = { debit: 'users:alice', credit: 'users:bob', asset: 'USD/2', amount: '1' }
    const back = { ...posting, debit: 'users:bob', credit: 'users:alice' }
    const postings = [posting, back, posting, back, posting]
    books.do('PostTransaction', { postings })
    const store = await open()
    await project(store, books.events)
    const asked = { ...ofAlice, order: 'desc', from: books.events.at(-1)?.recordedAt ?? '' }
    const pages = await allPages(store, ['accountEntries', asked], { limit: 2 })
    expect(pages.flatMap((page) => column(page, 'posting'))).toEqual([4, 3, 2, 1, 0])
    expect(pages.flatMap((page) => column(page, 'balance'))).toEqual([
      '7399',
      '7400',
      '7399',
      '7400',
      '7399',
    ])
  })
})
