import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReadView } from '#ports/read-models.ts'
import { entries } from '#projections/entries.ts'
import { trialBalancesOf } from '#projections/trial-balances.ts'
import { justAfter } from '#queries/clocks.ts'
import { postedTotals } from '#queries/posted-totals.ts'
import { project, type Store } from '#test/queries/asking.ts'
import { Books } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines, type EngineName } from '#test/queries/engines.ts'
import { sidesOf, total } from '#test/queries/recount.ts'
import { countedBefore } from '#test/queries/skipped-recount.ts'
import { projectSkipping } from '#test/queries/skipping.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { formatTimestamp } from '#values/timestamps.ts'

closeAfterwards()

/** Before it the ledger and its two accounts are opened. */
const firstPosting = 3
const place = { accountId: 'a', asset: 'USD/2' }
const lastMoment = '9999-12-31T23:59:59.999Z'
const firstMoment = '0000-01-01T00:00:00.000Z'

/** Borders of days, years and seconds, and the moments beside them. */
const borders = [
  firstMoment,
  '0000-01-01T00:00:00.001Z',
  '2024-12-31T23:59:59.999Z',
  '2025-01-01T00:00:00.000Z',
  '2025-01-01T00:00:00.001Z',
  '2025-01-01T23:59:59.999Z',
  '2025-01-02T00:00:00.000Z',
  lastMoment,
]

const time = fc.oneof(
  fc.constantFrom(...borders),
  fc.integer({ min: 0, max: 3 }).map((ms) => at(Date.UTC(2025, 0, 1, 12) + ms)),
  fc.nat(59).map((second) => at(Date.UTC(2025, 0, 1, 12) + second * 1000)),
  fc.nat(86_399_999).map((ms) => at(Date.UTC(2025, 0, 1) + ms)),
  fc.nat(90).map((day) => at(Date.UTC(2025, 0, 1) + day * 86_400_000)),
)

const times = fc.tuple(
  fc.constantFrom('as it comes', 'in order', 'backwards'),
  fc.array(time, { minLength: 1, maxLength: 60 }),
)

const asked = fc.record({
  times,
  act: fc.array(fc.constantFrom('post', 'post', 'hold', 'capture', 'reverse'), { minLength: 1 }),
  sizes: fc.record({
    postingsOfRun: fc.integer({ min: 1, max: 4 }),
    partsOfBlock: fc.integer({ min: 2, max: 4 }),
    sumsOfBlock: fc.integer({ min: 1, max: 6 }),
  }),
  bounds: fc.array(fc.tuple(fc.boolean(), fc.nat(), fc.nat(70)), { minLength: 8, maxLength: 8 }),
  other: time,
  lag: fc.option(fc.nat(9), { nil: undefined }),
  skips: fc.array(fc.nat(), { maxLength: 3 }),
  skipsInEntries: fc.array(fc.nat(), { maxLength: 3 }),
})

const numRuns: Readonly<Record<EngineName, number>> = { memory: 2500, SQLite: 30, MongoDB: 4 }

describeOnEngines('postings at any business times', (open, engine) => {
  it('add up to what a recount of the log finds, before any time and up to any revision, whatever was skipped', async () => {
    await fc.assert(
      fc.asyncProperty(asked, async (given) => {
        const books = booksWith(inOrder(given.times), given.act)
        const model = trialBalancesOf(given.sizes, 1_000)
        const store = await open()
        const picked = (picks: readonly number[]) =>
          picks.map((pick) => firstPosting + (pick % (books.events.length - firstPosting)))
        const [skipped, inEntries] = [picked(given.skips), picked(given.skipsInEntries)]
        await projectSkipping(store, books.events, { model: entries, skipped: inEntries })
        const applied = given.lag === undefined ? -1 : books.events.length - 1 - given.lag
        const log = { events: books.events, inEntries, inTrialBalances: skipped, applied }
        if (given.lag !== undefined) {
          const known = books.events.slice(0, -given.lag || undefined)
          await projectSkipping(store, known, { model, skipped })
        }
        const known = [...given.times[1], given.other]
        for (const [inclusive, pick, back] of given.bounds) {
          const bound = known[pick % known.length] ?? lastMoment
          const before = inclusive ? justAfter(bound) : bound
          const revision = Math.max(-1, books.events.length - 1 - back)
          await using view = await store.view('acme')
          const when = { ...place, before, revision: BigInt(revision) }
          const totals = await postedTotals(view, when, model)
          const { mayBeBehind, ...sums } = countedBefore(log, { ...place, revision }, before)
          if (totals === 'behind') expect(mayBeBehind).toBe(true)
          else expect(totals ?? { debits: 0n, credits: 0n }).toMatchObject(sums)
        }
      }),
      { numRuns: numRuns[engine] },
    )
  })
})

describe('blocks whose times are shortened differently', () => {
  it('are each read from where the bound cuts them', async () => {
    const day = (hour: string) => `2025-01-01T${hour}Z`
    const spread = ['10:00:00.000', '10:10:00.000', '10:20:00.000', '11:00:00.000', '11:10:00.000']
    const close = ['12:00:00.100', '12:00:00.200', '12:00:00.300', '12:00:00.400', '12:00:00.500']
    const first = [...spread.map(day), '2025-01-02T10:00:00.000Z']
    const second = [day('10:30:00.000'), ...close.map(day)]
    const books = booksWith([...first, ...second, day('09:00:00.000')], ['post'])
    await using store: Store = openMemoryReadModels()
    const model = trialBalancesOf({ postingsOfRun: 2, partsOfBlock: 3, sumsOfBlock: 2 }, 1_000)
    await project(store, books.events, [entries, model])
    await using view = await store.view('acme')
    const blocks = await view.find(model, {
      where: [{ field: 'kind', is: 'block' }],
      orderBy: ['asset', 'accountId'],
      limit: 9,
    })
    expect(blocks.map(({ document }) => document['width'])).toEqual([12, 20, 12, 20])
    const when = { ...place, before: day('12:00:00.250'), revision: BigInt(books.events.length) }
    expect(await postedTotals(view, when, model)).toMatchObject(
      recount(books, when.before, when.revision),
    )
  })
})

describe('an account with many postings at random times', () => {
  it('is added up from few documents, whatever is asked', async () => {
    const dates = Array.from({ length: 2_000 }, (_, index) =>
      at(Date.UTC(2024, 0, 1) + ((index * 7_919_777) % 63_072_000) * 1000),
    )
    const books = booksWith(dates, ['post'])
    await using store: Store = openMemoryReadModels()
    const model = trialBalancesOf({ postingsOfRun: 8, partsOfBlock: 4, sumsOfBlock: 128 }, 1_000)
    await project(store, books.events, [entries, model])
    for (const [index, date] of dates.filter((_, each) => each % 97 === 0).entries()) {
      const { view, read } = counted(await store.view('acme'))
      const revision = BigInt(books.events.length - 1 - index * 60)
      const when = { ...place, before: justAfter(date), revision }
      const totals = await postedTotals(view, when, model)
      expect(totals).toMatchObject(recount(books, when.before, revision))
      // Three of each of four levels, one that is cut of each, the account, its last entry, and a week's postings.
      expect(read()).toBeLessThan(4 * 4 + 2 + 40)
    }
  })
})

function at(epochMs: number): string {
  return formatTimestamp(epochMs) ?? ''
}

function inOrder([order, dates]: readonly [string, readonly string[]]): readonly string[] {
  if (order === 'as it comes') return dates
  return order === 'in order' ? dates.toSorted() : dates.toSorted().toReversed()
}

/** One act after the other at these times, on the account `a` and another. */
function booksWith(dates: readonly string[], acts: readonly string[]): Books {
  const books = new Books()
  const recorded = { recordedAt: lastMoment }
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'USD/2' }] }, recorded)
  for (const accountId of ['a', 'b'])
    books.do('OpenAccount', { accountId, type: 'equity', limits: { min: null } }, recorded)
  let holdId = '0'
  for (const [index, effectiveAt] of dates.entries()) {
    const transactionId = `${books.events.length - 1}`
    // The same ones again and again: what is lacking in one place may be just what is more in another.
    const amount = `${1 + (index % 3)}`
    const [debit, credit] = index % 3 === 0 ? ['a', 'b'] : ['b', 'a']
    const posting = { debit, credit, asset: 'USD/2', amount }
    const act = acts[index % acts.length]
    if (act === 'hold') holdId = books.do('PlaceHold', { postings: [posting] }, recorded)
    else if (act === 'capture')
      books.do('CaptureHold', { holdId, effectiveAt, final: false, amounts: ['1'] }, recorded)
    else if (act === 'reverse')
      books.do('ReverseTransaction', { transactionId, effectiveAt, reason: 'test' }, recorded)
    else books.do('PostTransaction', { postings: [posting, posting], effectiveAt }, recorded)
  }
  return books
}

function recount(books: Books, before: string, revision: bigint) {
  const counting = sidesOf(books.events).filter(
    (side) => side.accountId === 'a' && side.revision <= revision && side.effectiveAt < before,
  )
  return { debits: total(counting, 'debit'), credits: total(counting, 'credit') }
}

/** The view, and how many documents were read in it. */
function counted(view: ReadView): { readonly view: ReadView; readonly read: () => number } {
  let documents = 0
  return {
    view: {
      ...view,
      async find(model, find) {
        const found = await view.find(model, find)
        documents += found.length
        return found
      },
    },
    read: () => documents,
  }
}
