import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ReadModels } from '#ports/read-models.ts'
import { queries } from '#queries/all-queries.ts'
import type { Query } from '#queries/query.ts'
import { type Asked, ask, project, type QueryName } from '#test/queries/asking.ts'
import { exampleBooks, inAcme, noonOn2March, ofAlice } from '#test/queries/example-books.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { watchedViews } from '#test/support/passing-views.ts'

const during = { from: '2026-03-01T00:00:00Z', to: '2026-03-06T00:00:00Z' }
const clocks = [{}, { atRevision: '9' }, { recordedAt: noonOn2March }]
const bothClocks = [...clocks, ...clocks.map((clock) => ({ ...clock, effectiveAt: noonOn2March }))]

/** Every way to a different document. */
const questions: Readonly<Record<QueryName, readonly Asked[]>> = {
  listLedgers: [{}],
  getLedger: [inAcme],
  listAccounts: [inAcme, { ...inAcme, prefix: 'users' }, { ...inAcme, type: 'asset' }],
  getAccount: [ofAlice],
  accountBalances: bothClocks.flatMap((clock) => [
    { ...ofAlice, ...clock },
    { ...ofAlice, ...clock, asset: 'EUR/2' },
  ]),
  accountEntries: [ofAlice, { ...ofAlice, ...during, order: 'desc' }],
  accountStatement: [{ asset: 'USD/2' }, { asset: 'EUR/2', ...during }].map((each) => ({
    ...ofAlice,
    ...each,
  })),
  listTransactions: [
    inAcme,
    { ...inAcme, account: 'users:bob' },
    { ...inAcme, externalReference: 'invoice-8' },
    { ...inAcme, ...during },
  ],
  getTransaction: [{ ...inAcme, transactionId: '6' }],
  listHolds: [inAcme, { ...inAcme, account: 'users:bob' }, { ...inAcme, status: 'open' }],
  getHold: [{ ...inAcme, holdId: '7' }],
  trialBalance: bothClocks.flatMap((clock) => [
    { ...inAcme, ...clock },
    { ...inAcme, ...clock, asset: 'EUR/2' },
  ]),
  listCommands: [inAcme, { ...inAcme, outcome: 'rejected' }, { ...inAcme, ...during }],
  accountEventRevisions: [ofAlice],
  eventRevisionsByType: [{ ...inAcme, types: 'HoldPlaced,HoldVoided' }],
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

describe('a question', () => {
  it.each(Object.keys(queries).filter(isQuery))(
    'reads no model that it does not declare and no clock: %s',
    async (name) => {
      const store = openMemoryReadModels()
      await project(store, exampleBooks().events)
      const { models, alsoReads = [] }: Query<unknown> = queries[name]
      const declared = new Set([...models, ...alsoReads].map((model) => model.name))
      const watched = onlyOf(store, declared)
      for (const asked of questions[name]) {
        vi.setSystemTime('2026-03-04T00:00:00Z')
        const answer = await ask(watched, name, asked)
        vi.setSystemTime('2036-03-04T00:00:00Z')
        expect(await ask(watched, name, asked)).toEqual(answer)
      }
    },
  )
})

function isQuery(name: string): name is QueryName {
  return Object.hasOwn(queries, name)
}

/** Read models of which a view shows no others. */
function onlyOf<Models extends ReadModels>(readModels: Models, declared: Set<string>): Models {
  return watchedViews(readModels, ({ name }) => {
    if (!declared.has(name)) throw new Error(`reads ${name}, which it does not declare`)
  })
}
