import { beforeAll, expect, it } from 'vitest'
import {
  allPages,
  type Asked,
  column,
  dataOf,
  project,
  type QueryName,
  refusalOf,
  type Store,
} from '#test/queries/asking.ts'
import { Books, postingOf } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'
import { exampleBooks, inAcme, noonOn2March } from '#test/queries/example-books.ts'

closeAfterwards()

describeOnEngines('the lists of a ledger', (open) => {
  let store: Store
  beforeAll(async () => {
    const books = exampleBooks()
    const beta = new Books('beta')
    beta.do('OpenLedger', { ledgerId: 'beta', name: 'Beta', assets: [] })
    store = await open()
    await project(store, books.events)
    await project(store, beta.events)
  })
  const ids = async (name: QueryName, asked: Asked, id: string) =>
    column(await dataOf(store, name, { ...inAcme, ...asked }), id)
  const accounts = (asked: Asked) => ids('listAccounts', asked, 'accountId')
  const transactions = (asked: Asked) => ids('listTransactions', asked, 'transactionId')
  const holds = (asked: Asked) => ids('listHolds', asked, 'holdId')
  const commands = (asked: Asked) => ids('listCommands', asked, 'revision')

  it('name all ledgers by id', async () => {
    expect(column(await dataOf(store, 'listLedgers', {}), 'ledgerId')).toEqual(['acme', 'beta'])
    const pages = await allPages(store, ['listLedgers', {}], { limit: 1 })
    expect(pages.map((page) => column(page, 'ledgerId'))).toEqual([['acme'], ['beta']])
  })

  it('show one ledger, with the last revision applied', async () => {
    expect(await dataOf(store, 'getLedger', inAcme)).toEqual({
      ...inAcme,
      name: 'Acme',
      assets: [{ asset: 'USD/2' }, { asset: 'EUR/2' }],
      metadata: {},
      createdAt: '2026-03-01T12:00:00.000Z',
      revision: '13',
    })
    expect(await refusalOf(store, 'getLedger', { ledgerId: 'nowhere' })).toBe('ledger-not-found')
  })

  it('name accounts by id, prefix, type and status', async () => {
    const all = ['bank:cash', 'fees', 'users:alice', 'users:bob']
    expect(await accounts({})).toEqual(all)
    expect(await accounts({ prefix: '' })).toEqual(all)
    expect(await accounts({ prefix: 'users:' })).toEqual(['users:alice', 'users:bob'])
    expect(await accounts({ type: 'income' })).toEqual(['fees'])
    expect(await accounts({ status: 'closed' })).toEqual([])
    const users = { prefix: 'users:b', type: 'liability', status: 'open' }
    expect(await accounts(users)).toEqual(['users:bob'])
  })

  it('show one account with its balances', async () => {
    const asked = { ...inAcme, accountId: 'fees' }
    expect(await dataOf(store, 'getAccount', asked)).toMatchObject({
      type: 'income',
      balances: [{ asset: 'USD/2', posted: '100' }],
    })
    const nobody = { ...inAcme, accountId: 'users:carol' }
    expect(await refusalOf(store, 'getAccount', nobody)).toBe('account-not-found')
  })

  it('name transactions newest first, by account, reference and business time', async () => {
    expect(await transactions({})).toEqual(['13', '10', '9', '8', '6', '5'])
    expect(await transactions({ account: 'users:bob' })).toEqual(['10', '9', '6'])
    expect(await transactions({ account: 'users:carol' })).toEqual([])
    expect(await transactions({ externalReference: 'invoice-8' })).toEqual(['8'])
    const found = { externalReference: 'invoice-8', account: 'users:bob' }
    expect(await transactions(found)).toEqual([])
    const span = { from: noonOn2March, to: '2026-03-06T10:00:00Z' }
    expect(await transactions(span)).toEqual(['13', '8', '6'])
    expect(await transactions({ ...span, account: 'bank:cash' })).toEqual(['8'])
  })

  it('show one transaction with what was reversed of it', async () => {
    const asked = { ...inAcme, transactionId: '6' }
    expect(await dataOf(store, 'getTransaction', asked)).toMatchObject({
      reversedBy: ['10'],
      reversedAmounts: ['500'],
    })
    const none = { ...inAcme, transactionId: '7' }
    expect(await refusalOf(store, 'getTransaction', none)).toBe('transaction-not-found')
  })

  it('name holds by status and account', async () => {
    expect(await holds({})).toEqual(['7'])
    expect(await holds({ status: 'voided' })).toEqual(['7'])
    expect(await holds({ status: 'open' })).toEqual([])
    expect(await holds({ account: 'users:bob', status: 'voided' })).toEqual(['7'])
    expect(await holds({ account: 'users:bob', status: 'captured' })).toEqual([])
    expect(await holds({ account: 'bank:cash' })).toEqual([])
    expect(await holds({ externalReference: 'invoice-8' })).toEqual([])
  })

  it('show one hold with what became of it', async () => {
    expect(await dataOf(store, 'getHold', { ...inAcme, holdId: '7' })).toMatchObject({
      status: 'voided',
      postings: [{ amount: '3000', captured: '1000', released: '2000', remaining: '0' }],
      captures: ['9'],
    })
    expect(await refusalOf(store, 'getHold', { ...inAcme, holdId: '6' })).toBe('hold-not-found')
  })

  it('name commands by outcome, actor, key, correlation and the time of the log', async () => {
    expect((await commands({})).slice(0, 3)).toEqual(['13', '12', '11'])
    expect(await commands({ outcome: 'rejected' })).toEqual(['12'])
    expect(await commands({ actor: 'alice' })).toEqual(['13', '12'])
    expect(await commands({ actor: 'alice', outcome: 'accepted' })).toEqual(['13'])
    expect(await commands({ idempotencyKey: 'too-much', correlationId: 'order-1' })).toEqual(['12'])
    expect(await commands({ idempotencyKey: 'too-much', actor: 'bob' })).toEqual([])
    const span = { from: '2026-03-08T10:00:00Z', to: '2026-03-10T10:00:00Z' }
    expect(await commands(span)).toEqual(['12', '11'])
    expect(await commands({ ...span, actor: 'alice' })).toEqual(['12'])
    expect(await commands({ from: '2030-01-01T00:00:00Z' })).toEqual([])
    expect(await commands({ to: '2026-03-01T12:00:01Z' })).toEqual(['0'])
  })

  it('say of a command what came of it', async () => {
    const [refused] = Object.values(
      (await dataOf(store, 'listCommands', { ...inAcme, outcome: 'rejected' })) ?? {},
    )
    expect(refused).toEqual({
      revision: '12',
      command: 'PostTransaction',
      outcome: 'rejected',
      code: 'insufficient-funds',
      detail: expect.any(String),
      idempotencyKey: 'too-much',
      actor: 'alice',
      recordedAt: '2026-03-09T10:00:00.000Z',
      correlationId: 'order-1',
    })
  })

  it('are refused for a ledger that is not there', async () => {
    for (const name of ['listAccounts', 'listTransactions', 'listHolds', 'listCommands'] as const)
      expect(await refusalOf(store, name, { ledgerId: 'nowhere' })).toBe('ledger-not-found')
  })

  it('are not continued by a cursor of another shape', async () => {
    const page = { limit: 1, after: ['5'] }
    expect(await refusalOf(store, 'listTransactions', inAcme, page)).toBe('invalid-cursor')
  })

  it('name the events that touched an account, or are of some types, in the order of the log', async () => {
    const bob = { ...inAcme, accountId: 'users:bob' }
    const bobs = ['3', '6', '7', '9', '10', '11']
    expect(await dataOf(store, 'accountEventRevisions', bob)).toEqual(bobs)
    const types = { ...inAcme, types: 'HoldVoided,TransactionPosted,HoldPlaced' }
    const typed = ['5', '6', '7', '8', '10', '11', '13']
    expect(await dataOf(store, 'eventRevisionsByType', types)).toEqual(typed)
    for (const limit of [1, 2, 3, 50]) {
      const paged = await allPages(store, ['accountEventRevisions', bob], { limit })
      expect(paged.flat()).toEqual(bobs)
      expect((await allPages(store, ['eventRevisionsByType', types], { limit })).flat()).toEqual(
        typed,
      )
    }
  })
})

describeOnEngines('a list that is paged through while more is written', (open) => {
  const questions: readonly [QueryName, Asked, string][] = [
    ['listTransactions', {}, 'transactionId'],
    ['listTransactions', { account: 'users:bob' }, 'transactionId'],
    ['listTransactions', { from: '2026-03-01T00:00:00Z' }, 'transactionId'],
    ['listHolds', {}, 'holdId'],
    ['listHolds', { account: 'users:bob' }, 'holdId'],
    ['listHolds', { account: 'users:bob', status: 'open' }, 'holdId'],
    ['listCommands', { outcome: 'accepted' }, 'revision'],
    ['listCommands', { outcome: 'accepted', actor: 'anonymous' }, 'revision'],
  ]

  it.each(questions)('%s %j shows all that was there once', async (name, asked, id) => {
    const books = exampleBooks()
    const more = async () => {
      for (let count = 0; count < 3; count += 1) {
        books.post('users:alice -> users:bob 1')
        books.do('PlaceHold', { postings: [postingOf('users:alice -> users:bob 2')] })
      }
      await project(store, books.events)
    }
    const store = await open()
    await more()
    const before = column(await dataOf(store, name, { ...inAcme, ...asked }, 200), id)
    const question = [name, { ...inAcme, ...asked }] as const
    const pages = await allPages(store, question, { limit: 2, between: more })
    expect(pages.flatMap((page) => column(page, id))).toEqual(before)
  })
})
