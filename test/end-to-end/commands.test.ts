import { expect, it } from 'vitest'
import { describeEndToEnd } from '#test/end-to-end/engines.ts'
import { outcome, posting } from '#test/end-to-end/test-books.ts'

const someTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

describeEndToEnd('a command', (on) => {
  const typeAt = async (path: string, revision: bigint) =>
    (await on.api.get(`${path}/events/${revision}`)).at('data', 'type')

  it('opens a ledger with its assets', async () => {
    const ledgerId = `l-${crypto.randomUUID()}`
    const body = {
      ledgerId,
      name: 'Näme 🏦',
      assets: [{ asset: 'USD/2', name: 'Dollar' }, { asset: 'JPY/0' }],
      metadata: { b: '2', a: '1' },
    }
    const answer = await on.api.post('/v1/ledgers', body)
    expect(answer.status).toBe(201)
    expect(answer.at('data')).toEqual({ ...body, createdAt: someTime, revision: '0' })
    expect(answer.revision).toBe(0n)
    expect(await typeAt(`/v1/ledgers/${ledgerId}`, 0n)).toBe('LedgerOpened')
  })

  it('opens a ledger without assets', async () => {
    const ledgerId = `l-${crypto.randomUUID()}`
    const answer = await on.api.post('/v1/ledgers', { ledgerId, name: 'x', assets: [] })
    expect(outcome(answer)).toBe('201')
    expect(answer.at('data', 'assets')).toEqual([])
  })

  it('renames a ledger', async () => {
    const books = await on.books()
    const answer = await books.patch('', { name: 'New name' })
    expect(answer.status).toBe(200)
    expect(answer.at('data')).toMatchObject({ name: 'New name', revision: `${answer.revision}` })
    expect((await books.get()).at('data')).toEqual(answer.at('data'))
    const event = await books.get(`/events/${answer.revision}`)
    expect(event.at('data')).toMatchObject({
      type: 'LedgerChanged',
      data: { before: { name: 'Test' }, after: { name: 'New name' } },
    })
  })

  it('changes single keys of the metadata of a ledger and removes those that are null', async () => {
    const books = await on.books()
    await books.patch('', { metadata: { a: '1', b: '2' } })
    const answer = await books.patch('', { metadata: { b: null, c: '3' } })
    expect(answer.at('data', 'metadata')).toEqual({ a: '1', c: '3' })
    const event = await books.get(`/events/${answer.revision}`)
    expect(event.at('data', 'data', 'before')).toEqual({ metadata: { a: '1', b: '2' } })
    expect(event.at('data', 'data', 'after')).toEqual({ metadata: { a: '1', c: '3' } })
  })

  it('registers an asset', async () => {
    const books = await on.books()
    const answer = await books.post('/assets', { asset: 'BTC/8', name: 'Bitcoin' })
    expect(answer.status).toBe(201)
    expect(answer.at('data', 'assets')).toContainEqual({ asset: 'BTC/8', name: 'Bitcoin' })
    expect(await typeAt(books.path(), answer.revision)).toBe('AssetRegistered')
    expect((await books.get()).at('data')).toEqual(answer.at('data'))
  })

  it('opens an account with the limits of its type', async () => {
    const books = await on.books()
    const limits = { asset: '0', liability: '0', expense: null, equity: null, income: null }
    for (const [type, min] of Object.entries(limits)) {
      const answer = await books.post('/accounts', { accountId: `of:${type}`, type })
      expect(answer.status).toBe(201)
      expect(answer.at('data')).toEqual({
        accountId: `of:${type}`,
        type,
        status: 'open',
        frozen: 'none',
        limits: { min, max: null },
        metadata: {},
        createdAt: someTime,
        balances: [],
      })
      expect((await books.get(`/accounts/of:${type}`)).at('data')).toEqual(answer.at('data'))
    }
  })

  it('opens an account with limits of its own, and takes the default of what is left out', async () => {
    const books = await on.books()
    const open = (accountId: string, limits: { min?: string | null; max?: string | null }) =>
      books.post('/accounts', { accountId, type: 'liability', limits })
    expect((await open('a', { min: '-500' })).at('data', 'limits')).toEqual({
      min: '-500',
      max: null,
    })
    expect((await open('b', { max: '900' })).at('data', 'limits')).toEqual({ min: '0', max: '900' })
    expect((await open('c', { min: null })).at('data', 'limits')).toEqual({ min: null, max: null })
  })

  it('posts a transaction and answers what the accounts then have', async () => {
    const books = await on.books()
    const before = new Date().toISOString()
    const answer = await books.transact('bank:cash -> users:alice 10000', {
      externalReference: 'invoice-7',
      description: 'first\n\tdeposit',
      metadata: { channel: 'web' },
    })
    expect(answer.status).toBe(201)
    const recordedAt = answer.string('data', 'recordedAt')
    expect(recordedAt >= before).toBe(true)
    const none = { pendingDebits: '0', pendingCredits: '0' }
    const counted = { posted: '10000', pending: '10000', available: '10000' }
    expect(answer.at('data')).toEqual({
      transactionId: `${answer.revision}`,
      kind: 'transaction',
      postings: [posting('bank:cash -> users:alice 10000')],
      effectiveAt: recordedAt,
      recordedAt,
      externalReference: 'invoice-7',
      description: 'first\n\tdeposit',
      metadata: { channel: 'web' },
      actor: 'anonymous',
      balances: [
        {
          accountId: 'bank:cash',
          asset: 'USD/2',
          postedDebits: '10000',
          postedCredits: '0',
          ...none,
          ...counted,
        },
        {
          accountId: 'users:alice',
          asset: 'USD/2',
          postedDebits: '0',
          postedCredits: '10000',
          ...none,
          ...counted,
        },
      ],
    })
    const read = await books.get(`/transactions/${answer.revision}`)
    expect({ ...Object(read.at('data')), balances: answer.at('data', 'balances') }).toEqual(
      answer.at('data'),
    )
    expect(await typeAt(books.path(), answer.revision)).toBe('TransactionPosted')
  })

  it('posts a transaction of many postings and assets, of which each account gets its share', async () => {
    const books = await on.books()
    const answer = await books.post('/transactions', {
      postings: [
        posting('bank:cash -> users:alice 300'),
        posting('users:alice -> fees 5'),
        posting('bank:cash -> users:bob 7 EUR/2'),
        posting('rent -> capital 11 JPY/0'),
      ],
    })
    expect(answer.status).toBe(201)
    expect(await books.balance('users:alice')).toBe('295 295 295')
    expect(await books.balance('users:bob', 'EUR/2')).toBe('7 7 7')
    expect(await books.balance('rent', 'JPY/0')).toBe('11 11 11')
    expect(await books.balance('bank:cash')).toBe('300 300 300')
    expect(answer.at('data', 'balances')).toHaveLength(7)
  })

  it('takes 500 postings and not one more', async () => {
    const books = await on.books()
    const postings = Array.from({ length: 500 }, () => posting('bank:cash -> users:alice 1'))
    expect(outcome(await books.post('/transactions', { postings }))).toBe('201')
    expect(await books.balance('users:alice')).toBe('500 500 500')
    const more = [...postings, posting('bank:cash -> users:alice 1')]
    const refused = await books.post('/transactions', { postings: more })
    expect(outcome(refused)).toBe('400 validation-failed')
    expect(refused.at('errors', 0, 'pointer')).toBe('/postings')
  })

  it('takes times of any offset', async () => {
    const books = await on.books()
    const answer = await books.transact('bank:cash -> users:alice 1', {
      effectiveAt: '2026-03-01T01:30:00.5+05:30',
    })
    expect(answer.at('data', 'effectiveAt')).toBe('2026-02-28T20:00:00.500Z')
  })

  it.each([
    ['amounts around 2^53', [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n], '201'],
    ['amounts around 2^63', [2n ** 63n - 1n, 2n ** 63n, 2n ** 63n + 1n], '201'],
    ['amounts around 2^64', [2n ** 64n - 1n, 2n ** 64n, 2n ** 64n + 1n], '201'],
    ['amounts around 10^31, those below it', [10n ** 31n - 2n, 10n ** 31n - 1n], '201'],
    [
      'amounts around 10^31, from it on',
      [10n ** 31n, 10n ** 31n + 1n, 10n ** 40n],
      '422 invalid-amount',
    ],
  ])('takes %s to the last digit, or refuses them', async (_name, amounts, said) => {
    for (const amount of amounts) {
      const books = await on.books()
      expect(outcome(await books.transact(`bank:cash -> users:alice ${amount}`))).toBe(said)
      if (said === '201')
        expect(await books.balance('users:alice')).toBe(Array(3).fill(amount).join(' '))
    }
  })

  it('keeps to conditions on what is available', async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 100')
    const when = (available: { gte?: string; lte?: string }) =>
      books.transact('users:alice -> users:bob 10', {
        conditions: [{ account: 'users:alice', asset: 'USD/2', available }],
      })
    const refused = await when({ gte: '101' })
    expect(outcome(refused)).toBe('422 condition-failed')
    expect(refused.at('context')).toMatchObject({ account: 'users:alice', available: '100' })
    expect(outcome(await when({ gte: '100', lte: '100' }))).toBe('201')
    expect(outcome(await when({ lte: '89' }))).toBe('422 condition-failed')
  })

  it('freezes a direction, replaces it by another and unfreezes', async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 100')
    const freeze = (direction: string) =>
      books.post('/accounts/users:alice/freeze', { direction, reason: 'a court order' })
    const frozen = await freeze('debits')
    expect(frozen.status).toBe(200)
    expect(frozen.at('data')).toMatchObject({ frozen: 'debits', status: 'open' })
    expect(await typeAt(books.path(), frozen.revision)).toBe('AccountFrozen')
    expect(outcome(await books.transact('users:alice -> users:bob 1'))).toBe('422 account-frozen')
    expect(outcome(await books.transact('bank:cash -> users:alice 1'))).toBe('201')
    expect((await freeze('credits')).at('data', 'frozen')).toBe('credits')
    expect(outcome(await books.transact('users:alice -> users:bob 1'))).toBe('201')
    expect(outcome(await books.transact('bank:cash -> users:alice 1'))).toBe('422 account-frozen')
    expect((await freeze('all')).at('data', 'frozen')).toBe('all')
    expect(outcome(await books.transact('users:alice -> users:bob 1'))).toBe('422 account-frozen')
    const unfrozen = await books.post('/accounts/users:alice/unfreeze', { reason: 'lifted' })
    expect(unfrozen.status).toBe(200)
    expect(unfrozen.at('data', 'frozen')).toBe('none')
    expect((await books.get('/accounts/users:alice')).at('data')).toEqual(unfrozen.at('data'))
    const again = await books.post('/accounts/users:alice/unfreeze', { reason: 'lifted' })
    expect(outcome(again)).toBe('422 account-not-frozen')
  })

  it('closes an account that is empty and reopens it', async () => {
    const books = await on.books()
    const close = () => books.post('/accounts/users:bob/close', { reason: 'left' })
    await books.transacted('bank:cash -> users:bob 5')
    expect(outcome(await close())).toBe('422 account-not-empty')
    await books.transacted('users:bob -> users:alice 5')
    const holdId = await books.held('users:alice -> users:bob 2')
    expect(outcome(await close())).toBe('422 account-has-holds')
    await books.post(`/holds/${holdId}/void`, { reason: 'free' })
    const closed = await close()
    expect(closed.status).toBe(200)
    expect(closed.at('data', 'status')).toBe('closed')
    expect(outcome(await close())).toBe('422 account-closed')
    expect(outcome(await books.transact('users:alice -> users:bob 1'))).toBe('422 account-closed')
    expect(outcome(await books.patch('/accounts/users:bob', { metadata: { a: 'b' } }))).toBe(
      '422 account-closed',
    )
    expect(outcome(await books.patch('/accounts/users:bob', { limits: { min: null } }))).toBe(
      '422 account-closed',
    )
    const freeze = await books.post('/accounts/users:bob/freeze', { direction: 'all', reason: 'x' })
    expect(outcome(freeze)).toBe('422 account-closed')
    const reopened = await books.post('/accounts/users:bob/reopen', { reason: 'back' })
    expect(reopened.status).toBe(200)
    expect(reopened.at('data', 'status')).toBe('open')
    const twice = await books.post('/accounts/users:bob/reopen', { reason: 'back' })
    expect(outcome(twice)).toBe('422 account-not-closed')
  })

  it('changes only the limits that it names', async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 100')
    const change = (limits: { min?: string | null; max?: string | null }) =>
      books.patch('/accounts/users:alice', { limits })
    const answer = await change({ max: '150' })
    expect(answer.status).toBe(200)
    expect(answer.at('data', 'limits')).toEqual({ min: '0', max: '150' })
    expect((await books.get('/accounts/users:alice')).at('data')).toEqual(answer.at('data'))
    const over = await books.transact('bank:cash -> users:alice 51')
    expect(outcome(over)).toBe('422 limit-exceeded')
    expect(over.at('context')).toMatchObject({ account: 'users:alice', asset: 'USD/2', max: '150' })
    expect((await change({ min: '-50' })).at('data', 'limits')).toEqual({ min: '-50', max: '150' })
    expect(outcome(await books.transact('users:alice -> users:bob 150'))).toBe('201')
    const under = await books.transact('users:alice -> users:bob 1')
    expect(outcome(under)).toBe('422 insufficient-funds')
    expect(under.at('context')).toMatchObject({
      account: 'users:alice',
      available: '-50',
      required: '1',
    })
    expect(outcome(await change({ min: '0' }))).toBe('422 limits-violated-by-balance')
    const event = await books.get(`/events/${answer.revision}`)
    expect(event.at('data')).toMatchObject({
      type: 'AccountLimitsChanged',
      data: { before: { min: '0', max: null }, after: { min: '0', max: '150' } },
    })
  })

  it('changes single keys of the metadata of an account', async () => {
    const books = await on.books()
    const change = (metadata: Record<string, string | null>) =>
      books.patch('/accounts/users:alice', { metadata })
    await change({ tier: 'gold', region: 'eu' })
    const answer = await change({ tier: null, since: '2026' })
    expect(answer.status).toBe(200)
    expect(answer.at('data', 'metadata')).toEqual({ region: 'eu', since: '2026' })
    expect(await typeAt(books.path(), answer.revision)).toBe('MetadataSet')
    expect((await books.get('/accounts/users:alice')).at('data')).toEqual(answer.at('data'))
  })

  it('carries its correlation into the event and the journal, and its own request id without one', async () => {
    const books = await on.books()
    const headers = { 'correlation-id': 'order 7', 'causation-id': 'click-1' }
    const answer = await books.transact('bank:cash -> users:alice 1', {}, headers)
    const event = await books.get(`/events/${answer.revision}`)
    expect(event.at('data')).toMatchObject({
      correlationId: 'order 7',
      causationId: 'click-1',
      actor: 'anonymous',
    })
    const journal = await books.get('/commands?correlationId=order%207')
    expect(journal.at('data')).toEqual([
      {
        revision: `${answer.revision}`,
        command: 'PostTransaction',
        outcome: 'accepted',
        idempotencyKey: event.at('data', 'idempotency', 'key'),
        actor: 'anonymous',
        recordedAt: answer.at('data', 'recordedAt'),
        correlationId: 'order 7',
      },
    ])
    const plain = await books.transact('bank:cash -> users:alice 1')
    const its = await books.get(`/events/${plain.revision}`)
    expect(its.at('data', 'correlationId')).toBe(plain.headers['request-id'])
    expect(its.at('data', 'causationId')).toBe(plain.headers['request-id'])
  })
})
