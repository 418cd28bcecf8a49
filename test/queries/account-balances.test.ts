import { beforeAll, describe, expect, it } from 'vitest'
import { queries } from '#queries/all-queries.ts'
import { type Asked, ask, dataOf, project, refusalOf, type Store } from '#test/queries/asking.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'
import { exampleBooks, noonOn2March, ofAlice, ofBob } from '#test/queries/example-books.ts'

closeAfterwards()

describeOnEngines('the balances of an account', (open) => {
  let store: Store
  beforeAll(async () => {
    store = await open()
    await project(store, exampleBooks().events)
  })
  const balances = (asked: Asked) => dataOf(store, 'accountBalances', asked)
  const refusal = (asked: Asked) => refusalOf(store, 'accountBalances', asked)
  const usd = (debits: string, credits: string, posted: string) => ({
    accountId: 'users:alice',
    asset: 'USD/2',
    postedDebits: debits,
    postedCredits: credits,
    posted,
  })

  it('are all there is, without a clock', async () => {
    const pending = { pendingDebits: '0', pendingCredits: '0', pending: '7400', available: '7400' }
    expect(await balances(ofAlice)).toEqual([{ ...usd('3600', '11000', '7400'), ...pending }])
  })

  it('are those after one revision, with what was on hold then', async () => {
    const pending = {
      pendingDebits: '3000',
      pendingCredits: '0',
      pending: '4500',
      available: '4500',
    }
    expect(await balances({ ...ofAlice, atRevision: '7' })).toEqual([
      { ...usd('2500', '10000', '7500'), ...pending },
    ])
  })

  it('have their members in the order of the API', async () => {
    const [balance] = Object.values((await balances(ofAlice)) ?? {})
    expect(Object.keys(Object(balance))).toEqual(
      'accountId asset postedDebits postedCredits pendingDebits pendingCredits posted pending available'.split(
        ' ',
      ),
    )
  })

  it('are those of the last revision recorded by a time, which is inclusive', async () => {
    const at8 = await balances({ ...ofAlice, atRevision: '8' })
    expect(at8).toMatchObject([{ posted: '8000', available: '5000' }])
    expect(await balances({ ...ofAlice, recordedAt: '2026-03-05T10:00:00Z' })).toEqual(at8)
    expect(await balances({ ...ofAlice, recordedAt: '2026-03-06T09:59:59.999Z' })).toEqual(at8)
    expect(await balances({ ...ofAlice, recordedAt: '2026-03-05T09:59:59.999Z' })).toMatchObject([
      { posted: '7500', available: '4500' },
    ])
    expect(await balances({ ...ofAlice, recordedAt: '2030-01-01T00:00:00Z' })).toEqual(
      await balances(ofAlice),
    )
  })

  it('count what was effective by a time, also what was recorded later, and know nothing pending', async () => {
    const known = [usd('100', '10500', '10400')]
    expect(await balances({ ...ofAlice, effectiveAt: noonOn2March })).toEqual(known)
    expect(await balances({ ...ofAlice, effectiveAt: '2026-03-02T13:00:00+01:00' })).toEqual(known)
    expect(await balances({ ...ofAlice, effectiveAt: '2026-03-02T11:59:59.999Z' })).toEqual([
      usd('0', '10000', '10000'),
    ])
  })

  it('say by both clocks what was believed then about a time before', async () => {
    const about = { ...ofAlice, effectiveAt: noonOn2March }
    expect(await balances({ ...about, atRevision: '7' })).toEqual([usd('0', '10000', '10000')])
    expect(await balances({ ...about, atRevision: '8' })).toEqual([usd('0', '10500', '10500')])
    expect(await balances({ ...about, recordedAt: '2026-03-09T00:00:00Z' })).toEqual([
      usd('0', '10500', '10500'),
    ])
  })

  it('are none where nothing had touched the account', async () => {
    expect(await balances({ ...ofBob, atRevision: '5' })).toEqual([])
    expect(await balances({ ...ofAlice, effectiveAt: '2026-03-01T00:00:00Z' })).toEqual([])
  })

  it('are exactly one for an asset, zeros where it was never used', async () => {
    const zeros = { postedDebits: '0', postedCredits: '0', posted: '0' }
    const pending = { pendingDebits: '0', pendingCredits: '0', pending: '0', available: '0' }
    const eur = { accountId: 'users:alice', asset: 'EUR/2', ...zeros }
    expect(await balances({ ...ofAlice, asset: 'EUR/2' })).toEqual([{ ...eur, ...pending }])
    expect(await balances({ ...ofAlice, asset: 'EUR/2', effectiveAt: noonOn2March })).toEqual([eur])
    expect(await balances({ ...ofAlice, asset: 'USD/2', atRevision: '6' })).toMatchObject([
      { posted: '7500' },
    ])
  })

  it('are refused for an asset that the ledger does not know', async () => {
    expect(await refusal({ ...ofAlice, asset: 'GBP/2' })).toBe('asset-unknown')
  })

  it('are refused for an account that is not there, or was not there yet', async () => {
    expect(await refusal({ ...ofAlice, accountId: 'users:carol' })).toBe('account-not-found')
    expect(await refusal({ ...ofBob, atRevision: '2' })).toBe('account-not-found')
    expect(await refusal({ ...ofBob, recordedAt: '2020-01-01T00:00:00Z' })).toBe(
      'account-not-found',
    )
  })

  it('are refused for a revision that is not applied yet', async () => {
    expect(await ask(store, 'accountBalances', { ...ofAlice, atRevision: '14' })).toMatchObject({
      code: 'projection-behind',
      context: { applied: '13' },
    })
  })

  it('are refused for a ledger that is not there', async () => {
    expect(await refusal({ ...ofAlice, ledgerId: 'nowhere' })).toBe('ledger-not-found')
  })
})

describe('the parameters of balances', () => {
  const { parameters } = queries.accountBalances

  it('take one of the two that name a moment of the log', () => {
    const both = { ...ofAlice, recordedAt: noonOn2March, atRevision: '3' }
    expect(parameters.safeParse(both).success).toBe(false)
  })

  it.each([
    { effectiveAt: 'yesterday' },
    { recordedAt: '2026-02-30T00:00:00Z' },
    { atRevision: '-1' },
    { asset: 'usd' },
    { accountId: 'users::alice' },
    { when: 'now' },
  ])('refuse %j', (wrong) => {
    expect(parameters.safeParse({ ...ofAlice, ...wrong }).success).toBe(false)
  })
})
