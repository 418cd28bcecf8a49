import { beforeEach, expect, it } from 'vitest'
import { accounts } from '#projections/accounts.ts'
import { allProjections } from '#projections/all-projections.ts'
import { commands } from '#projections/commands.ts'
import { entries } from '#projections/entries.ts'
import { holds } from '#projections/holds.ts'
import type { Projection } from '#projections/projection.ts'
import { transactions } from '#projections/transactions.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import {
  type Asked,
  column,
  dataOf,
  project,
  type QueryName,
  type Store,
} from '#test/queries/asking.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'
import { exampleBooks, inAcme, noonOn2March, ofAlice } from '#test/queries/example-books.ts'

closeAfterwards()

describeOnEngines('read models at different revisions', (open) => {
  const { events } = exampleBooks()
  let behind: Store
  beforeEach(async () => {
    behind = await open()
  })

  /** All models know the whole week, but for these, which know it up to a revision. */
  async function lag(models: readonly Projection[], revision: number): Promise<void> {
    const ahead = allProjections.filter((model) => !models.includes(model))
    await project(behind, events, ahead)
    await project(behind, events.slice(0, revision + 1), models)
  }

  async function at(revision: number): Promise<Store> {
    const store = await open()
    await project(store, events.slice(0, revision + 1))
    return store
  }

  it.each([
    { lagging: 'accounts', models: [accounts] },
    { lagging: 'entries', models: [entries] },
    { lagging: 'commands', models: [commands] },
  ])('answer balances as of the one behind: $lagging', async ({ models }) => {
    await lag(models, 9)
    const whole = await at(9)
    for (const asked of [
      {},
      { effectiveAt: noonOn2March },
      { recordedAt: '2027-01-01T00:00:00Z' },
    ]) {
      const balances = await dataOf(behind, 'accountBalances', { ...ofAlice, ...asked })
      expect(balances).toEqual(await dataOf(whole, 'accountBalances', { ...ofAlice, ...asked }))
    }
  })

  it.each([
    { lagging: 'entries', models: [entries] },
    { lagging: 'trial-balances', models: [trialBalances] },
  ])('answer a trial balance as of the one behind: $lagging', async ({ models }) => {
    await lag(models, 9)
    const whole = await at(9)
    for (const asked of [{}, { effectiveAt: noonOn2March }]) {
      const balance = await dataOf(behind, 'trialBalance', { ...inAcme, ...asked })
      expect(balance).toEqual(await dataOf(whole, 'trialBalance', { ...inAcme, ...asked }))
    }
  })

  it.each([4, 6, 9, 12])(
    'list what an account took part in as its own model knows it, entries at %i',
    async (revision) => {
      await lag([entries], revision)
      const whole = await at(13)
      await expectSame('listTransactions', { account: 'users:bob' }, whole)
      await expectSame('listHolds', { account: 'users:alice' }, whole)
    },
  )

  it.each([4, 6, 9, 12])(
    'list no more than their own model knows, which is at %i',
    async (revision) => {
      await lag([transactions, holds], revision)
      const whole = await at(revision)
      await expectSame('listTransactions', { account: 'users:bob' }, whole)
      await expectSame('listHolds', { account: 'users:alice' }, whole)
    },
  )

  it('know no account that was opened beyond the revision of the answer', async () => {
    await lag([entries], 2)
    const bob = { ...inAcme, accountId: 'users:bob' }
    await expect(dataOf(behind, 'accountBalances', bob)).rejects.toThrow('users:bob')
    expect(column(await dataOf(behind, 'listAccounts', inAcme), 'accountId')).toContain('users:bob')
  })

  async function expectSame(name: QueryName, asked: Asked, whole: Store): Promise<void> {
    const question = { ...inAcme, ...asked }
    expect(await dataOf(behind, name, question)).toEqual(await dataOf(whole, name, question))
  }
})

describeOnEngines('commands of which one was skipped', (open) => {
  const { events } = exampleBooks()
  const last = events.at(-1)

  async function skipping(revision: number): Promise<Store> {
    const store = await open()
    const others = allProjections.filter((model) => model !== commands)
    await project(store, events, others)
    const rest = events.filter((event) => event.revision !== BigInt(revision))
    await project(store, rest, [commands])
    const at = await store.checkpoint(commands, 'acme')
    if (last === undefined || at === undefined) throw new Error('nothing was projected')
    const { recordedAt } = last
    const checkpoint = { revision: last.revision, recordedAt }
    const move = { model: commands, ledgerId: 'acme', expected: at.revision, documents: [] }
    await store.commit([{ ...move, checkpoint }])
    return store
  }

  it.each([0, 5, events.length - 1])('answer for every time, revision %i', async (revision) => {
    const store = await skipping(revision)
    const whole = await open()
    await project(whole, events)
    for (const { recordedAt } of [...events, { recordedAt: '2030-01-01T00:00:00Z' }]) {
      const asked = { ...inAcme, recordedAt }
      const balance = await dataOf(store, 'trialBalance', asked)
      // What was skipped counts as recorded with what came before it.
      const isUnsure = events[revision - 1]?.recordedAt === recordedAt
      if (!isUnsure) expect(balance).toEqual(await dataOf(whole, 'trialBalance', asked))
      for (const span of [{ from: recordedAt }, { to: recordedAt }]) {
        const known = Object.values(
          (await dataOf(whole, 'listCommands', { ...inAcme, ...span })) ?? {},
        )
        const found = Object.values(
          (await dataOf(store, 'listCommands', { ...inAcme, ...span })) ?? {},
        )
        expect(known).toEqual(expect.arrayContaining(found))
        expect(found.length).toBeGreaterThanOrEqual(known.length - 1)
      }
    }
  })
})
