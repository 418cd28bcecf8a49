import { beforeEach, expect, it } from 'vitest'
import {
  allPages,
  ask,
  type Asked,
  dataOf,
  project,
  refusalOf,
  type Store,
} from '#test/queries/asking.ts'
import { Books } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'
import { exampleBooks, inAcme, noonOn2March } from '#test/queries/example-books.ts'

closeAfterwards()

const none = { asset: 'EUR/2', totalDebits: '0', totalCredits: '0', accounts: [] }
const bank = (debits: string) => row('bank:cash', 'asset', [debits, '0', debits])
const fees = row('fees', 'income', ['0', '100', '100'])
const alice = (...totals: [string, string, string]) => row('users:alice', 'liability', totals)
const bob = (...totals: [string, string, string]) => row('users:bob', 'liability', totals)

const now = usd('14600', [
  bank('10500'),
  fees,
  alice('3600', '11000', '7400'),
  bob('500', '3500', '3000'),
])

describeOnEngines('a trial balance', (open, engine) => {
  let books: Books
  let store: Store
  beforeEach(async () => {
    books = exampleBooks()
    store = await open()
    await project(store, books.events)
  })
  const assets = async (asked: Asked = {}) => {
    const data = await dataOf(store, 'trialBalance', { ...inAcme, ...asked }, 1_000)
    expect(data).toMatchObject(inAcme)
    return Reflect.get(Object(data), 'assets')
  }

  it('has every asset with its totals and the accounts that were posted to', async () => {
    expect(await assets()).toEqual([none, now])
  })

  it('is narrowed to one asset, which must be registered', async () => {
    expect(await assets({ asset: 'USD/2' })).toEqual([now])
    expect(await assets({ asset: 'EUR/2' })).toEqual([none])
    const unknown = { ...inAcme, asset: 'GBP/2' }
    expect(await refusalOf(store, 'trialBalance', unknown)).toBe('asset-unknown')
  })

  it('is that after one revision, or after the last one recorded by a time', async () => {
    const at6 = usd('12500', [
      bank('10000'),
      alice('2500', '10000', '7500'),
      bob('0', '2500', '2500'),
    ])
    expect(await assets({ atRevision: '6' })).toEqual([none, at6])
    expect(await assets({ recordedAt: '2026-03-04T12:00:00Z' })).toEqual([none, at6])
    expect(await assets({ recordedAt: '2020-01-01T00:00:00Z' })).toEqual([none, usd('0', [])])
  })

  it('counts what was effective by a time, as known now or then', async () => {
    const known = usd('10600', [bank('10500'), fees, alice('100', '10500', '10400')])
    expect(await assets({ effectiveAt: noonOn2March })).toEqual([none, known])
    const then = usd('10500', [bank('10500'), alice('0', '10500', '10500')])
    expect(await assets({ effectiveAt: noonOn2March, atRevision: '12' })).toEqual([none, then])
  })

  it('comes in pages with whole totals on each', async () => {
    books.do('OpenAccount', { accountId: 'bank:euro', type: 'asset' })
    books.do('PostTransaction', {
      postings: [{ debit: 'bank:euro', credit: 'users:bob', asset: 'EUR/2', amount: '8' }],
    })
    await project(store, books.events)
    const pages = await allPages(store, ['trialBalance', inAcme], { limit: 3 })
    const [bankEuro, bobEuro] = [row('bank:euro', 'asset', ['8', '0', '8']), bob('0', '8', '8')]
    const eur = { ...none, totalDebits: '8', totalCredits: '8' }
    expect(pages).toEqual([
      {
        ...inAcme,
        assets: [
          { ...eur, accounts: [bankEuro, bobEuro] },
          { ...now, accounts: [bank('10500')] },
        ],
      },
      {
        ...inAcme,
        assets: [
          { ...eur, accounts: [] },
          { ...now, accounts: now.accounts.slice(1) },
        ],
      },
    ])
  })

  it.each([{}, { effectiveAt: '2026-12-31T00:00:00Z' }, { atRevision: '13' }])(
    'stays as it was on its first page while postings arrive: %j',
    async (asked) => {
      const between = async () => {
        books.post('users:bob -> users:alice 9', { effectiveAt: noonOn2March })
        books.do('OpenAccount', { accountId: `users:${books.events.length}`, type: 'liability' })
        books.post(`bank:cash -> users:${books.events.length - 1} 4`)
        books.do('RegisterAsset', { asset: `A${books.events.length}/2` })
        await project(store, books.events)
      }
      const question = ['trialBalance', { ...inAcme, ...asked }] as const
      const pages = await allPages(store, question, { limit: 1, between })
      expect(pages).toEqual(
        now.accounts.map((account) => ({
          ...inAcme,
          assets: [none, { ...now, accounts: [account] }],
        })),
      )
    },
  )

  // Thousands of finds, each a round trip or two there, and the cursor is the same everywhere.
  it
    .skipIf(engine === 'MongoDB')
    .each([{}, { effectiveAt: '2026-12-31T00:00:00Z' }, { asset: 'A7/2' }])(
    'of forty assets goes on by a cursor that fits into a URL: %j',
    async (asked) => {
      const many = new Books('many')
      const registered = Array.from({ length: 40 }, (_, index) => ({ asset: `A${index}/2` }))
      many.do('OpenLedger', { ledgerId: 'many', name: 'Many', assets: registered })
      many.do('OpenAccount', { accountId: 'bank', type: 'asset' })
      many.do('OpenAccount', { accountId: 'owner', type: 'equity' })
      for (const { asset } of registered) many.post(`bank -> owner ${'9'.repeat(31)} ${asset}`)
      await project(store, many.events)
      const question = { ledgerId: 'many', ...asked }
      const whole = await dataOf(store, 'trialBalance', question, 1_000)
      const between = async () => {
        many.do('RegisterAsset', { asset: `A0${many.events.length}/2` })
        many.post(`bank -> owner 1 A7/2`)
        await project(store, many.events)
      }
      const first = await ask(store, 'trialBalance', question, { limit: 1 })
      expect('next' in first && JSON.stringify(first.next).length).toBeLessThan(2_500)
      const pages = await allPages(store, ['trialBalance', question], { limit: 1, between })
      const rows = pages.flatMap((page) => sheetsOf(page).flatMap(({ accounts }) => accounts))
      expect(rows).toEqual(sheetsOf(whole).flatMap(({ accounts }) => accounts))
      const totals = pages.map((page) =>
        sheetsOf(page).map((sheet) => ({ ...sheet, accounts: [] })),
      )
      expect(new Set(totals.map((each) => JSON.stringify(each))).size).toBe(1)
    },
  )

  it('is not continued by a cursor of another shape', async () => {
    const page = { limit: 1, after: ['13', 'USD/2', 'fees', 'USD/2'] }
    expect(await refusalOf(store, 'trialBalance', inAcme, page)).toBe('invalid-cursor')
  })

  it('is refused for a revision that is not applied yet', async () => {
    const asked = { ...inAcme, atRevision: '14' }
    expect(await refusalOf(store, 'trialBalance', asked)).toBe('projection-behind')
  })
})

type Sheet = { readonly asset: string; readonly accounts: readonly unknown[] }

function sheetsOf(data: unknown): readonly Sheet[] {
  const assets: unknown = Reflect.get(Object(data), 'assets')
  if (!Array.isArray(assets)) throw new Error('a trial balance has assets')
  return assets
}

function usd<Row>(total: string, accounts: readonly Row[]) {
  return { asset: 'USD/2', totalDebits: total, totalCredits: total, accounts }
}

function row(accountId: string, type: string, [debits, credits, posted]: [string, string, string]) {
  return { accountId, type, debits, credits, posted }
}
