import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { allProjections } from '#projections/all-projections.ts'
import { isDebitNormal } from '#values/balances.ts'
import type { Json } from '#values/json.ts'
import { allPages, dataOf, project, type Store } from '#test/queries/asking.ts'
import type { Books } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines, type EngineName } from '#test/queries/engines.ts'
import { inAcme } from '#test/queries/example-books.ts'
import { dayOf, randomAccounts, randomAssets, randomBooks } from '#test/queries/random-books.ts'
import {
  type Believed,
  counts,
  inBusinessOrder,
  onHold,
  sidesOf,
  total,
} from '#test/queries/recount.ts'

closeAfterwards()

type AccountName = keyof typeof randomAccounts

const accountNames = ['a', 'b', 'c', 'd'] as const satisfies readonly AccountName[]

/** A question about any business time, any revision, and pages of any size; how far each model has come. */
const asked = fc.record({
  books: randomBooks,
  day: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
  backBy: fc.option(fc.nat(30), { nil: undefined }),
  fromDay: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  limit: fc.integer({ min: 1, max: 7 }),
  lags: fc.array(fc.nat(3), { minLength: allProjections.length, maxLength: allProjections.length }),
})

type Asking = {
  readonly store: Store
  readonly books: Books
  readonly believed: Believed
  readonly clocks: Readonly<Record<string, string>>
  readonly limit: number
}

const numRuns: Readonly<Record<EngineName, number>> = { memory: 60, SQLite: 15, MongoDB: 5 }

describeOnEngines('any history asked about at any moment', (open, engine) => {
  const check = (
    holds: (asking: Asking & { readonly fromDay: number | undefined }) => Promise<void>,
  ) =>
    fc.assert(
      fc.asyncProperty(asked, async ({ books, day, backBy, fromDay, limit, lags }) => {
        const store = await open()
        const head = books.events.length - 1
        for (const [index, model] of allProjections.entries())
          await project(store, books.events.slice(0, Math.max(5, head + 1 - (lags[index] ?? 0))), [
            model,
          ])
        const applied = Math.max(4, head - Math.max(...lags))
        const revision = Math.max(4, applied - (backBy ?? 0))
        const effective = day === undefined ? {} : { effectiveAt: dayOf(day) }
        const clocks = { ...effective, atRevision: `${revision}` }
        const believed = { revision: BigInt(revision), ...effective }
        await holds({ store, books, believed, clocks, limit, fromDay })
      }),
      { numRuns: numRuns[engine] },
    )

  it('has balances that are the sums of what counts', async () => {
    await check(async ({ store, books, believed, clocks }) => {
      for (const accountId of accountNames) {
        const balances = await dataOf(store, 'accountBalances', {
          ...inAcme,
          accountId,
          ...clocks,
        })
        expect(balances).toEqual(balancesOf(books, accountId, believed))
      }
    })
  })

  it('has a trial balance that is the sums of what counts, in pages of any size', async () => {
    await check(async ({ store, books, believed, clocks, limit }) => {
      const pages = await allPages(store, ['trialBalance', { ...inAcme, ...clocks }], { limit })
      const expected = trialBalanceOf(books, believed)
      for (const page of pages) expect(totalsIn(page)).toEqual(expected.map(withoutAccounts))
      for (const [index, { accounts }] of expected.entries())
        expect(pages.flatMap((page) => sheetsIn(page)[index]?.accounts ?? [])).toEqual(accounts)
      const rows = expected.flatMap(({ accounts }) => accounts).length
      expect(pages).toHaveLength(Math.max(1, Math.ceil(rows / limit)))
    })
  })

  it('has statements that run through what was posted in business order, in pages of any size', async () => {
    await check(async ({ store, books, fromDay, limit }) => {
      const span = fromDay === undefined ? {} : { from: dayOf(fromDay), to: dayOf(fromDay + 2) }
      for (const accountId of accountNames) {
        const question = { ...inAcme, accountId, asset: 'USD/2', ...span }
        const pages = await allPages(store, ['accountStatement', question], { limit })
        const revision = await appliedOf(store)
        expect(linesIn(pages)).toEqual(statementOf(books, { accountId, revision, ...span }))
        expect(pages.slice(1).map((page) => member(page, 'opening'))).toEqual(
          pages.slice(0, -1).map((page) => member(page, 'closing')),
        )
      }
    })
  })
})

/** A statement is as of the models it reads. */
async function appliedOf(store: Store): Promise<bigint> {
  await using view = await store.view('acme')
  const read = allProjections.filter(({ name }) => name === 'ledgers' || name === 'entries')
  const checkpoints = await Promise.all(read.map((model) => view.checkpoint(model)))
  return checkpoints.reduce((least, each) => {
    const revision = each?.revision ?? -1n
    return revision < least ? revision : least
  }, 1_000n)
}

function balancesOf(books: Books, accountId: AccountName, believed: Believed): readonly object[] {
  const type = randomAccounts[accountId]
  const sign = isDebitNormal(type) ? 1n : -1n
  const { revision, effectiveAt } = believed
  return randomAssets.flatMap((asset) => {
    const sides = sidesOf(books.events).filter(
      (side) => side.accountId === accountId && side.asset === asset && counts(side, believed),
    )
    const [debits, credits] = [total(sides, 'debit'), total(sides, 'credit')]
    const posted = sign * (debits - credits)
    const sums = { postedDebits: `${debits}`, postedCredits: `${credits}`, posted: `${posted}` }
    if (effectiveAt !== undefined) return sides.length === 0 ? [] : [{ accountId, asset, ...sums }]
    const where = { revision, accountId, asset }
    const ins = onHold(books.events, { ...where, side: 'debit' })
    const outs = onHold(books.events, { ...where, side: 'credit' })
    if (sides.length === 0 && !ins.touched && !outs.touched) return []
    const reserved = sign === 1n ? outs.pending : ins.pending
    return [
      {
        accountId,
        asset,
        ...sums,
        pendingDebits: `${ins.pending}`,
        pendingCredits: `${outs.pending}`,
        pending: `${posted + sign * (ins.pending - outs.pending)}`,
        available: `${posted - reserved}`,
      },
    ]
  })
}

type Sheet = {
  readonly asset: string
  readonly totalDebits: string
  readonly totalCredits: string
  readonly accounts: readonly unknown[]
}

function trialBalanceOf(books: Books, believed: Believed): readonly Sheet[] {
  return randomAssets.map((asset) => {
    const sides = sidesOf(books.events).filter(
      (side) => side.asset === asset && counts(side, believed),
    )
    const accounts = accountNames.flatMap((accountId) => {
      const mine = sides.filter((side) => side.accountId === accountId)
      const [debits, credits] = [total(mine, 'debit'), total(mine, 'credit')]
      const type = randomAccounts[accountId]
      const posted = isDebitNormal(type) ? debits - credits : credits - debits
      const row = {
        accountId,
        type,
        debits: `${debits}`,
        credits: `${credits}`,
        posted: `${posted}`,
      }
      return mine.length === 0 ? [] : [row]
    })
    const sum = total(sides, 'debit').toString()
    return { asset, totalDebits: sum, totalCredits: sum, accounts }
  })
}

function statementOf(
  books: Books,
  shown: { accountId: AccountName; revision: bigint; from?: string; to?: string },
): readonly unknown[] {
  const { accountId, revision, from = '', to = '~' } = shown
  const mine = sidesOf(books.events).filter(
    (side) => side.accountId === accountId && side.asset === 'USD/2' && side.revision <= revision,
  )
  const sign = isDebitNormal(randomAccounts[accountId]) ? 1n : -1n
  let balance = 0n
  return inBusinessOrder(mine).flatMap(({ side, amount, effectiveAt, ...line }) => {
    balance += (side === 'debit' ? sign : -sign) * amount
    if (effectiveAt < from || effectiveAt >= to) return []
    return [[`${line.revision}`, line.posting, side, `${amount}`, `${balance}`]]
  })
}

function linesIn(pages: readonly Json[]): readonly unknown[] {
  return pages.flatMap((page) =>
    Array.from(Object(member(page, 'lines')), (line) =>
      ['revision', 'posting', 'side', 'amount', 'balance'].map((name) => member(line, name)),
    ),
  )
}

function sheetsIn(page: Json): readonly Sheet[] {
  return Array.from(Object(member(page, 'assets')))
}

function totalsIn(page: Json): readonly Omit<Sheet, 'accounts'>[] {
  return sheetsIn(page).map(withoutAccounts)
}

function withoutAccounts({ asset, totalDebits, totalCredits }: Sheet): Omit<Sheet, 'accounts'> {
  return { asset, totalDebits, totalCredits }
}

function member(value: unknown, name: string): unknown {
  return Reflect.get(Object(value), name)
}
