import { beforeEach, expect, it } from 'vitest'
import { allPages, ask, dataOf, project, refusalOf, type Store } from '#test/queries/asking.ts'
import type { Books } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'
import { exampleBooks, noonOn2March, ofAlice } from '#test/queries/example-books.ts'
import type { Json } from '#values/json.ts'

closeAfterwards()

const aliceUsd = { ...ofAlice, asset: 'USD/2' }
const fewDays = { ...aliceUsd, from: noonOn2March, to: '2026-03-06T10:00:00Z' }

describeOnEngines('a statement', (open) => {
  let books: Books
  let store: Store
  beforeEach(async () => {
    books = exampleBooks()
    store = await open()
    await project(store, books.events)
  })

  it('lists all of an account in business time', async () => {
    const statement = await dataOf(store, 'accountStatement', aliceUsd, 10_000)
    expect(statement).toMatchObject({ opening: '0', closing: '7400' })
    expect(statement).toMatchObject({ totalDebits: '3600', totalCredits: '11000' })
    expect(lines(statement, 'revision')).toEqual(['5', '8', '13', '6', '9', '10'])
    expect(lines(statement, 'balance')).toEqual(['10000', '10500', '10400', '7900', '6900', '7400'])
    expect(Object.keys(Object(statement))).toEqual(
      'accountId asset opening lines totalDebits totalCredits closing'.split(' '),
    )
  })

  it('opens with what was effective before its span, which ends before `to`', async () => {
    const statement = await dataOf(store, 'accountStatement', fewDays, 10_000)
    expect(statement).toMatchObject({ from: noonOn2March, to: '2026-03-06T10:00:00.000Z' })
    expect(statement).toMatchObject({ opening: '10000', closing: '7900' })
    expect(statement).toMatchObject({ totalDebits: '2600', totalCredits: '500' })
    expect(lines(statement, 'revision')).toEqual(['8', '13', '6'])
  })

  it('comes in pages that open with what the one before closed with', async () => {
    const pages = await allPages(store, ['accountStatement', fewDays], { limit: 1 })
    expect(pages.map((page) => [member(page, 'opening'), member(page, 'closing')])).toEqual([
      ['10000', '10500'],
      ['10500', '10400'],
      ['10400', '7900'],
    ])
    expect(pages.map((page) => member(page, 'totalDebits'))).toEqual(['0', '100', '2500'])
  })

  it('stays as it was on its first page while postings arrive before, between and after its lines', async () => {
    const undisturbed = await allPages(store, ['accountStatement', fewDays], { limit: 1 })
    let arriving = ['2026-03-02T10:30:00Z', '2026-03-02T13:00:00Z', '2026-03-06T09:00:00Z']
    const between = async () => {
      for (const effectiveAt of arriving) books.post('bank:cash -> users:alice 7', { effectiveAt })
      arriving = []
      await project(store, books.events)
    }
    const pages = await allPages(store, ['accountStatement', fewDays], { limit: 1, between })
    expect(pages).toEqual(undisturbed)
    const anew = await dataOf(store, 'accountStatement', fewDays, 10_000)
    expect(anew).toMatchObject({ opening: '10007', closing: '7921' })
  })

  it('is empty where nothing was posted, and opens and closes alike', async () => {
    const later = { ...aliceUsd, from: '2027-01-01T00:00:00Z' }
    expect(await dataOf(store, 'accountStatement', later)).toMatchObject({
      opening: '7400',
      lines: [],
      closing: '7400',
    })
    const eur = { ...aliceUsd, asset: 'EUR/2' }
    expect(await dataOf(store, 'accountStatement', eur)).toMatchObject({ opening: '0', lines: [] })
  })

  it('of a span that ends before it begins is empty, and closes with what it opens with', async () => {
    const backwards = { ...fewDays, from: fewDays.to, to: fewDays.from }
    const statement = await dataOf(store, 'accountStatement', backwards, 10_000)
    expect(statement).toMatchObject({ opening: '7900', lines: [], closing: '7900' })
    expect(statement).not.toHaveProperty('lacking')
  })

  it('of an account or asset that is not there is refused', async () => {
    const refusal = (asked: Record<string, string>) =>
      refusalOf(store, 'accountStatement', { ...aliceUsd, ...asked })
    expect(await refusal({ accountId: 'users:carol' })).toBe('account-not-found')
    expect(await refusal({ asset: 'GBP/2' })).toBe('asset-unknown')
  })

  it('is not continued by a cursor of another shape, nor before its moment is visible', async () => {
    const refusal = (after: readonly string[]) =>
      refusalOf(store, 'accountStatement', aliceUsd, { limit: 1, after })
    expect(await refusal(['13', '0'])).toBe('invalid-cursor')
    const answer = await ask(store, 'accountStatement', aliceUsd, { limit: 1 })
    const [, ...rest] = answer.kind === 'page' ? (answer.next ?? []) : []
    expect(await refusal(['14', ...rest])).toBe('projection-behind')
  })
})

function member(value: Json, name: string): unknown {
  return Reflect.get(Object(value), name)
}

function lines(statement: Json, name: string): readonly unknown[] {
  return Array.from(Object(member(statement, 'lines')), (line) => Reflect.get(Object(line), name))
}
