import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { allProjections } from '#projections/all-projections.ts'
import { entries } from '#projections/entries.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import { isDebitNormal } from '#values/balances.ts'
import { type Asked, ask, project, type QueryName, type Store } from '#test/queries/asking.ts'
import { closeAfterwards, describeOnEngines, type EngineName } from '#test/queries/engines.ts'
import { exampleBooks, inAcme, ofAlice } from '#test/queries/example-books.ts'
import { dayOf, randomAccounts, randomAssets, randomBooks } from '#test/queries/random-books.ts'
import { inBusinessOrder } from '#test/queries/recount.ts'
import {
  countedBefore,
  entrySides,
  type Expected,
  lastRolled,
  postedBy,
  postedInLog,
  type Skipping,
} from '#test/queries/skipped-recount.ts'
import { projectSkipping } from '#test/queries/skipping.ts'

closeAfterwards()

/** The ledger and its four accounts are opened at these revisions: nothing is posted. */
const firstPosting = 5
const accountNames = ['a', 'b', 'c', 'd'] as const

const given = fc.record({
  books: randomBooks,
  inEntries: fc.array(fc.nat(), { maxLength: 4 }),
  inTrialBalances: fc.array(fc.nat(), { maxLength: 3 }),
  inBoth: fc.array(fc.nat(), { maxLength: 1 }),
  lag: fc.oneof(fc.constant(0), fc.nat(60)),
  backBy: fc.nat(20),
  time: fc.nat(40),
  span: fc.integer({ min: 1, max: 4 }),
})

type Asking = {
  readonly store: Store
  readonly log: Skipping
  readonly revision: number
  /** A business day, or when an event was recorded. */
  readonly time: string
  readonly span: number
}

const numRuns: Readonly<Record<EngineName, number>> = { memory: 200, SQLite: 20, MongoDB: 5 }

describeOnEngines('events that were skipped in entries, trial balances or both', (open, engine) => {
  const check = (holds: (asking: Asking) => Promise<void>) =>
    fc.assert(
      fc.asyncProperty(given, async ({ books: { events }, lag, backBy, span, ...picks }) => {
        const head = events.length - 1
        const some = (numbers: readonly number[]) =>
          numbers.map((pick) => firstPosting + (pick % Math.max(1, head + 1 - firstPosting)))
        const inEntries = some([...picks.inEntries, ...picks.inBoth])
        const inTrialBalances = some([...picks.inTrialBalances, ...picks.inBoth])
        const applied = Math.max(-1, head - lag)
        const store = await open()
        const others = allProjections.filter(
          (model) => model !== entries && model !== trialBalances,
        )
        await project(store, events, others)
        await projectSkipping(store, events, { model: entries, skipped: inEntries })
        const known = events.slice(0, applied + 1)
        if (known.length > 0)
          await projectSkipping(store, known, { model: trialBalances, skipped: inTrialBalances })
        const log = { events, inEntries, inTrialBalances, applied }
        const times = [...[0, 1, 2, 3, 4].map(dayOf), ...events.map((event) => event.recordedAt)]
        const time = times[picks.time % times.length] ?? ''
        await holds({ store, log, revision: Math.max(4, head - backBy), time, span })
      }),
      { numRuns: numRuns[engine] },
    )

  it('are in the balances by either clock, unless nobody knows their business time', async () => {
    await check(async ({ store, log, revision, time }) => {
      for (const accountId of accountNames)
        for (const asset of randomAssets) {
          const place = { accountId, asset, revision }
          const asked = { ...inAcme, accountId, asset, atRevision: `${revision}` }
          const touched = log.events.findLastIndex((event) => concerns(event.data, accountId))
          const isCurrent = touched <= revision
          const inLog = isCurrent
            ? { ...postedInLog(log, place), mayBeBehind: false }
            : postedBy(log, place)
          expectTotals(await balanceIn(store, asked), inLog)
          const effective = { ...asked, effectiveAt: time }
          expectTotals(await balanceIn(store, effective), countedBefore(log, place, `${time}~`))
        }
    })
  })

  it('are in what a statement opens and closes with, which says what has no line', async () => {
    await check(async ({ store, log, time, span }) => {
      const revision = log.events.length - 1
      const spans = [{}, { from: time }, { to: time }, { from: dayOf(1), to: dayOf(1 + span) }]
      for (const accountId of accountNames)
        for (const bounds of spans) {
          const place = { accountId, asset: 'USD/2', revision }
          const { from = '', to = '~' } = { from: undefined, to: undefined, ...bounds }
          const opening = countedBefore(log, place, from)
          const closing = countedBefore(log, place, to)
          const asked = { ...inAcme, accountId, asset: 'USD/2', ...bounds }
          const data = await answerOf(store, 'accountStatement', asked)
          if (data === 'projection-behind') {
            expect([opening.mayBeBehind, closing.mayBeBehind]).toContain(true)
            continue
          }
          const lines = inBusinessOrder(entrySides(log, place)).filter(
            (side) => from <= side.effectiveAt && side.effectiveAt < to,
          )
          const shown = Array.from(Object(member(data, 'lines')), (line) =>
            member(line, 'revision'),
          )
          expect(shown).toEqual(lines.map((side) => `${side.revision}`))
          const sign = isDebitNormal(randomAccounts[accountId]) ? 1n : -1n
          const opens = sign * (opening.debits - opening.credits)
          const closes = sign * (closing.debits - closing.credits)
          const moved = lines.reduce(
            (sum, { side, amount }) => sum + (side === 'debit' ? sign : -sign) * amount,
            0n,
          )
          const lacking = closes - opens - moved
          expect(data).toMatchObject({ opening: `${opens}`, closing: `${closes}` })
          expect(member(data, 'lacking')).toBe(lacking === 0n ? undefined : `${lacking}`)
        }
    })
  })

  it('are in the lines of a trial balance of past moments', async () => {
    await check(async ({ store, log, revision, time }) => {
      if (log.applied < 0) return
      for (const effective of [{}, { effectiveAt: time }]) {
        const asked = { ...inAcme, atRevision: `${revision}`, ...effective }
        const data = await answerOf(store, 'trialBalance', asked)
        if (log.applied < revision) {
          expect(data).toBe('projection-behind')
          continue
        }
        const sheets: unknown[] = Array.from(Object(member(data, 'assets')))
        for (const [index, asset] of randomAssets.entries()) {
          const rows = accountNames.flatMap((accountId) => {
            const place = { accountId, asset, revision }
            const last = lastRolled(log, place)
            if (last < 0) return []
            const at = { ...place, revision: Math.min(last, revision) }
            const { debits, credits } =
              'effectiveAt' in effective
                ? countedBefore(log, at, `${time}~`)
                : last <= revision
                  ? postedInLog(log, at)
                  : postedBy(log, at)
            return debits + credits === 0n
              ? []
              : [{ accountId, debits: `${debits}`, credits: `${credits}` }]
          })
          expect(member(sheets[index], 'accounts')).toMatchObject(rows)
        }
      }
    })
  })
})

describeOnEngines('a capture that was skipped in entries', (open) => {
  it('is in what is posted as of then; of what is pending nobody says what was so before', async () => {
    const store = await open()
    const { events } = exampleBooks()
    await project(
      store,
      events,
      allProjections.filter((model) => model !== entries),
    )
    await projectSkipping(store, events, { model: entries, skipped: [9] })
    const at = (atRevision: string) => balanceIn(store, { ...ofAlice, asset: 'USD/2', atRevision })
    expect(await at('8')).toMatchObject({
      posted: '8000',
      pendingDebits: '3000',
      available: '5000',
    })
    const then = { postedDebits: '3500', postedCredits: '10500', posted: '7000' }
    expect(await at('9')).toEqual({ accountId: 'users:alice', asset: 'USD/2', ...then })
    expect(await at('10')).toMatchObject({ posted: '7500', pendingDebits: '2000' })
  })
})

async function answerOf(store: Store, name: QueryName, asked: Asked): Promise<unknown> {
  const answer = await ask(store, name, asked, { limit: 10_000 })
  if (answer.kind !== 'refused') return answer.data
  if (answer.code !== 'projection-behind') throw new Error(answer.detail)
  return answer.code
}

async function balanceIn(store: Store, asked: Asked): Promise<unknown> {
  const data = await answerOf(store, 'accountBalances', asked)
  return Array.isArray(data) ? data[0] : data
}

function expectTotals(balance: unknown, { debits, credits, mayBeBehind }: Expected): void {
  if (balance === 'projection-behind') expect(mayBeBehind).toBe(true)
  else expect(balance).toMatchObject({ postedDebits: `${debits}`, postedCredits: `${credits}` })
}

/** Whether the account's own document changes. */
function concerns(data: object, accountId: string): boolean {
  return JSON.stringify(data).includes(`"accountId":"${accountId}"`)
}

function member(value: unknown, name: string): unknown {
  return Reflect.get(Object(value), name)
}
