import { expect, it } from 'vitest'
import { allProjections } from '#projections/all-projections.ts'
import { entries } from '#projections/entries.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import { type Asked, dataOf, project, refusalOf, type Store } from '#test/queries/asking.ts'
import { Books } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'
import { inAcme } from '#test/queries/example-books.ts'
import { projectSkipping } from '#test/queries/skipping.ts'

closeAfterwards()

const inUsd = { ...inAcme, asset: 'USD/2' }
const ofAlice = { ...inUsd, accountId: 'alice' }
const atNoon = (day: number) => `2025-01-0${day}T12:00:00.000Z`
const everyClock = [{}, { effectiveAt: atNoon(4) }, { effectiveAt: atNoon(4), atRevision: '5' }]

/** 1.00 on each of the first three days of January, at revisions 3, 4 and 5. */
function threeDeposits(): Books {
  const books = new Books()
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'USD/2' }] })
  books.do('OpenAccount', { accountId: 'bank', type: 'asset' })
  books.do('OpenAccount', { accountId: 'alice', type: 'liability' })
  for (const day of [1, 2, 3]) books.post('bank -> alice 100', { effectiveAt: atNoon(day) })
  return books
}

describeOnEngines('postings that were skipped in trial balances', (open) => {
  const { events } = threeDeposits()

  async function skipping(...skipped: readonly number[]): Promise<Store> {
    const store = await open()
    const others = allProjections.filter((model) => model !== trialBalances)
    await project(store, events, others)
    await projectSkipping(store, events, { model: trialBalances, skipped })
    return store
  }

  it.each([
    { skipped: [3] },
    { skipped: [4] },
    { skipped: [5] },
    { skipped: [3, 5] },
    { skipped: [3, 4, 5] },
  ])('are in balances as of a business time, and in statements: $skipped', async ({ skipped }) => {
    const store = await skipping(...skipped)
    for (const day of [1, 2, 3]) {
      const known = `${day * 100}`
      const asked = { ...ofAlice, effectiveAt: atNoon(day) }
      expect(await dataOf(store, 'accountBalances', asked)).toMatchObject([{ posted: known }])
      const statement = await dataOf(store, 'accountStatement', {
        ...ofAlice,
        from: atNoon(day + 1),
      })
      expect(statement).toMatchObject({ opening: known, closing: '300' })
    }
  })

  it('are in balances as of an earlier revision, too', async () => {
    const store = await skipping(4)
    const asked = { ...ofAlice, effectiveAt: atNoon(3), atRevision: '4' }
    expect(await dataOf(store, 'accountBalances', asked)).toMatchObject([{ posted: '200' }])
  })

  it.each([
    { skipped: [3], lines: ['300', '300'] },
    { skipped: [4], lines: ['300', '300'] },
    { skipped: [3, 4], lines: ['300', '300'] },
    { skipped: [5], lines: ['200', '200'] },
    { skipped: [3, 5], lines: ['200', '200'] },
    { skipped: [3, 4, 5], lines: [] },
  ])(
    'are lacking in the lines of a trial balance until the account is posted to again, by whatever clock: $skipped',
    async ({ skipped, lines }) => {
      const store = await skipping(...skipped)
      for (const clock of everyClock)
        expect(await postedIn(store, { ...inUsd, ...clock })).toEqual(lines)
    },
  )

  it('are in the lines of a trial balance from their own business time on', async () => {
    const store = await skipping(4)
    for (const day of [1, 2, 3]) {
      const asked = { ...inUsd, effectiveAt: atNoon(day) }
      expect(await postedIn(store, asked)).toEqual([`${day * 100}`, `${day * 100}`])
    }
  })

  it('are lacking where the entries lack them, too, at any business time', async () => {
    const store = await open()
    const others = allProjections.filter((model) => model !== trialBalances && model !== entries)
    await project(store, events, others)
    for (const model of [trialBalances, entries])
      await projectSkipping(store, events, { model, skipped: [4] })
    for (const [day, posted] of [
      [1, '100'],
      [2, '100'],
      [3, '200'],
    ] as const) {
      const asked = { ...ofAlice, effectiveAt: atNoon(day) }
      expect(await dataOf(store, 'accountBalances', asked)).toMatchObject([{ posted }])
    }
  })
})

describeOnEngines('postings that were skipped in entries', (open) => {
  const { events } = threeDeposits()
  const now = '2027-01-01T00:00:00.000Z'

  /** `built`: how many events trial balances have taken in, of which they lack these. */
  async function skipping(
    skipped: readonly number[],
    { built = events.length, skippedToo = [] as readonly number[] } = {},
  ): Promise<Store> {
    const store = await open()
    const others = allProjections.filter((model) => model !== trialBalances && model !== entries)
    await project(store, events, others)
    await projectSkipping(store, events, { model: entries, skipped })
    const known = events.slice(0, built)
    if (built > 0)
      await projectSkipping(store, known, { model: trialBalances, skipped: skippedToo })
    return store
  }

  const balanceOn = (store: Store, effectiveAt: string) =>
    dataOf(store, 'accountBalances', { ...ofAlice, effectiveAt })

  it.each([[[3]], [[4]], [[5]], [[3, 4]], [[4, 5]], [[3, 4, 5]]])(
    'are in all balances where trial balances have them: %j',
    async (skipped) => {
      const store = await skipping(skipped)
      for (const [day, posted] of [
        [1, '100'],
        [2, '200'],
        [3, '300'],
      ] as const) {
        expect(await balanceOn(store, atNoon(day))).toMatchObject([{ posted }])
        const asked = { ...ofAlice, atRevision: `${day + 2}` }
        expect(await dataOf(store, 'accountBalances', asked)).toMatchObject([{ posted }])
        const [line] = await postedIn(store, { ...inUsd, atRevision: `${day + 2}` })
        expect(line).toBe(posted)
      }
    },
  )

  it('are waited for where trial balances have yet to take them in', async () => {
    for (const built of [0, 2, 4]) {
      const store = await skipping([4], { built })
      for (const day of [1, 2, 3])
        expect(
          await refusalOf(store, 'accountBalances', { ...ofAlice, effectiveAt: atNoon(day) }),
        ).toBe('projection-behind')
      expect(await refusalOf(store, 'accountStatement', { ...ofAlice, to: atNoon(3) })).toBe(
        'projection-behind',
      )
      expect(await balanceOn(store, now)).toMatchObject([{ posted: '300' }])
    }
  })

  it('are no line of a statement, which says so beside the balance that it closes with', async () => {
    const store = await skipping([4])
    const statement = (asked: Asked) => dataOf(store, 'accountStatement', { ...ofAlice, ...asked })
    const lacking = { lacking: '100' }
    expect(await statement({})).toMatchObject({ opening: '0', closing: '300', ...lacking })
    expect(await statement({ from: atNoon(2) })).toMatchObject({
      opening: '100',
      closing: '300',
      ...lacking,
    })
    for (const asked of [{ from: atNoon(3) }, { to: atNoon(2) }])
      expect(await statement(asked)).not.toHaveProperty('lacking')
  })

  it('are counted where nobody has them, but as of a time when all had been recorded', async () => {
    const store = await skipping([4], { skippedToo: [4] })
    expect(await balanceOn(store, atNoon(3))).toMatchObject([{ posted: '200' }])
    expect(await balanceOn(store, now)).toMatchObject([{ posted: '300' }])
    expect(await dataOf(store, 'accountStatement', ofAlice)).toMatchObject({
      closing: '300',
      lacking: '100',
    })
  })
})

/** What the lines of the one asset say. */
async function postedIn(store: Store, asked: Asked): Promise<readonly unknown[]> {
  const data = await dataOf(store, 'trialBalance', asked)
  const [sheet]: readonly unknown[] = Reflect.get(Object(data), 'assets')
  const lines: readonly object[] = Reflect.get(Object(sheet), 'accounts')
  return lines.map((line) => Reflect.get(line, 'posted'))
}
