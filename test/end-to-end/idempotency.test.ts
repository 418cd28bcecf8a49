import { expect, it } from 'vitest'
import { describeEndToEnd } from '#test/end-to-end/engines.ts'
import { bare, expectReplay } from '#test/end-to-end/replays.ts'
import { outcome, posting } from '#test/end-to-end/test-books.ts'
import type { Answer } from '#test/support/http-exchange.ts'

describeEndToEnd('an idempotency key', (on) => {
  it('brings the first answer again, byte for byte, for every kind of command', async () => {
    const books = await on.books()
    const sends: Answer[] = []
    const twice = async (send: (key: { 'idempotency-key': string }) => Promise<Answer>) => {
      const key = { 'idempotency-key': on.api.key() }
      const first = await send(key)
      sends.push(first)
      // What was answered stays so, whatever happens after it.
      await books.transacted('bank:cash -> users:alice 1')
      expectReplay(first, await send(key))
      return first
    }
    await books.transacted('bank:cash -> users:alice 1000')
    await twice((key) => books.patch('', { name: 'Other' }, key))
    await twice((key) => books.post('/assets', { asset: 'GBP/2' }, key))
    await twice((key) => books.post('/accounts', { accountId: 'a', type: 'expense' }, key))
    await twice((key) => books.patch('/accounts/users:alice', { limits: { max: '99999' } }, key))
    await twice((key) => books.patch('/accounts/users:alice', { metadata: { a: 'b' } }, key))
    await twice((key) =>
      books.post('/accounts/users:bob/freeze', { direction: 'debits', reason: 'r' }, key),
    )
    await twice((key) => books.post('/accounts/users:bob/unfreeze', { reason: 'r' }, key))
    await twice((key) => books.post('/accounts/users:bob/close', { reason: 'r' }, key))
    await twice((key) => books.post('/accounts/users:bob/reopen', { reason: 'r' }, key))
    const posted = await twice((key) =>
      books.transact('bank:cash -> users:alice 5', { description: 'd' }, key),
    )
    const transactionId = posted.string('data', 'transactionId')
    await twice((key) =>
      books.post(`/transactions/${transactionId}/reversals`, { amounts: ['2'], reason: 'r' }, key),
    )
    const held = await twice((key) =>
      books.post('/holds', { postings: [posting('users:alice -> users:bob 50')] }, key),
    )
    const holdId = held.string('data', 'holdId')
    await twice((key) =>
      books.post(`/holds/${holdId}/extend`, { expiresAt: '2199-01-01T00:00:00Z' }, key),
    )
    await twice((key) => books.post(`/holds/${holdId}/captures`, { amounts: ['20'] }, key))
    await twice((key) => books.post(`/holds/${holdId}/void`, { reason: 'r' }, key))
    expect(sends.map(({ status }) => status).filter((status) => status > 201)).toEqual([])
  })

  it('brings the first refusal again, also when it would now be accepted', async () => {
    const books = await on.books()
    const key = { 'idempotency-key': on.api.key() }
    const first = await books.transact('users:alice -> users:bob 5', {}, key)
    expect(outcome(first)).toBe('422 insufficient-funds')
    await books.transacted('bank:cash -> users:alice 500')
    expectReplay(first, await books.transact('users:alice -> users:bob 5', {}, key))
    const missing = { 'idempotency-key': on.api.key() }
    const refused = await books.post('/holds/3/void', { reason: 'r' }, missing)
    expect(outcome(refused)).toBe('404 hold-not-found')
    expectReplay(refused, await books.post('/holds/3/void', { reason: 'r' }, missing))
    const taken = { 'idempotency-key': on.api.key() }
    const exists = await books.post('/accounts', { accountId: 'fees', type: 'income' }, taken)
    expect(outcome(exists)).toBe('409 account-exists')
    expectReplay(
      exists,
      await books.post('/accounts', { accountId: 'fees', type: 'income' }, taken),
    )
  })

  it('knows a request by what it says, not by how it is written', async () => {
    const books = await on.books()
    const send = (body: string, path = '/transactions') =>
      books.post(path, body, { 'idempotency-key': 'one' })
    const first = await send(
      '{"postings":[{"debit":"bank:cash","credit":"users:alice","asset":"USD/2","amount":"7"}]}',
    )
    expect(first.status).toBe(201)
    const again = await send(
      '{ "postings" : [ { "amount":"\\u0037", "asset":"USD\\/2", "credit":"users:alice", "debit":"bank:cash" } ] }\n',
    )
    expectReplay(first, again)
  })

  it('that stood for another request is refused, and says for which', async () => {
    const books = await on.books()
    const key = { 'idempotency-key': 'mine' }
    const first = await books.transact('bank:cash -> users:alice 7', {}, key)
    const head = await books.head()
    for (const other of [
      () => books.transact('bank:cash -> users:alice 8', {}, key),
      () => books.transact('bank:cash -> users:alice 7', { description: '' }, key),
      () => books.post('/holds', { postings: [posting('bank:cash -> users:alice 7')] }, key),
      () =>
        books.post(
          '/batches',
          { mode: 'atomic', commands: [{ command: 'OpenAccount', accountId: 'x', type: 'asset' }] },
          key,
        ),
    ]) {
      const answer = await other()
      expect(outcome(answer)).toBe('422 idempotency-key-mismatch')
      expect(answer.at('context')).toEqual({
        command: 'PostTransaction',
        revision: first.revision.toString(),
        recordedAt: first.at('data', 'recordedAt'),
      })
    }
    expect(await books.head()).toBe(head)
  })

  it('belongs to its ledger', async () => {
    const [one, other] = [await on.books(), await on.books()]
    const key = { 'idempotency-key': 'same' }
    expect((await one.transact('bank:cash -> users:alice 7', {}, key)).status).toBe(201)
    const answer = await other.transact('bank:cash -> users:alice 8', {}, key)
    expect(answer.status).toBe(201)
    expect(answer.headers['idempotency-replayed']).toBeUndefined()
  })

  it('opens a ledger once', async () => {
    const ledgerId = `l-${crypto.randomUUID()}`
    const key = { 'idempotency-key': on.api.key() }
    const body = { ledgerId, name: 'x', assets: [] }
    const first = await on.api.post('/v1/ledgers', body, key)
    expectReplay(first, await on.api.post('/v1/ledgers', body, key))
    expect(outcome(await on.api.post('/v1/ledgers', body))).toBe('409 ledger-exists')
    const mismatch = await on.api.post('/v1/ledgers', { ...body, name: 'y' }, key)
    expect(outcome(mismatch)).toBe('422 idempotency-key-mismatch')
  })

  it('of a request that was malformed is free', async () => {
    const books = await on.books()
    const key = { 'idempotency-key': 'typo' }
    expect(outcome(await books.transact('bank:cash -> users:alice 0', {}, key))).toBe(
      '422 invalid-amount',
    )
    expect(outcome(await books.post('/transactions', {}, key))).toBe('400 validation-failed')
    const answer = await books.transact('bank:cash -> users:alice 7', {}, key)
    expect(answer.status).toBe(201)
    expect(answer.headers['idempotency-replayed']).toBeUndefined()
  })

  it('has one effect when twenty clients send it at once', async () => {
    const books = await on.books()
    const key = { 'idempotency-key': 'race' }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => books.transact('bank:cash -> users:alice 7', {}, key)),
    )
    expect(new Set(answers.map(bare)).size).toBe(1)
    expect(
      answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined),
    ).toHaveLength(1)
    expect(await books.balance('users:alice')).toBe('7 7 7')
  })
})

describeEndToEnd('a dry run', (on) => {
  it('answers what would be, and writes nothing', async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 100')
    const head = await books.head()
    const answer = await books.post('/transactions?dryRun=true', {
      postings: [posting('users:alice -> users:bob 30')],
    })
    expect(answer.status).toBe(200)
    expect(answer.revision).toBe(head)
    expect(answer.at('data')).toMatchObject({
      kind: 'transaction',
      postings: [posting('users:alice -> users:bob 30')],
      balances: [
        { accountId: 'users:alice', available: '70' },
        { accountId: 'users:bob', available: '30' },
      ],
    })
    for (const name of ['transactionId', 'recordedAt', 'revision'])
      expect(answer.at('data')).not.toHaveProperty(name)
    expect(await books.head()).toBe(head)
    expect(await books.balance('users:alice')).toBe('100 100 100')
  })

  it('answers a refusal as it would be, and records none', async () => {
    const books = await on.books()
    const head = await books.head()
    const answer = await books.post('/transactions?dryRun=true', {
      postings: [posting('users:alice -> users:bob 30')],
    })
    expect(outcome(answer)).toBe('422 insufficient-funds')
    expect(answer.revision).toBe(head)
    expect(await books.head()).toBe(head)
  })

  it('needs no key, and ignores one', async () => {
    const books = await on.books()
    const headers = { 'content-type': 'application/json' }
    const body = { postings: [posting('bank:cash -> users:alice 7')] }
    const path = books.path('/transactions?dryRun=true')
    expect((await on.api.send({ method: 'POST', path, headers, body })).status).toBe(200)
    await books.transact('bank:cash -> users:alice 9', {}, { 'idempotency-key': 'used' })
    const ignored = { ...headers, 'idempotency-key': 'used' }
    expect((await on.api.send({ method: 'POST', path, headers: ignored, body })).status).toBe(200)
  })

  it('of every kind of command leaves out what only the log can say', async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 100')
    const holdId = await books.held('users:alice -> users:bob 10')
    const head = await books.head()
    const dry = [
      on.api.post('/v1/ledgers?dryRun=true', {
        ledgerId: `l-${crypto.randomUUID()}`,
        name: 'x',
        assets: [],
      }),
      books.post('/assets?dryRun=true', { asset: 'GBP/2' }),
      books.post('/accounts?dryRun=true', { accountId: 'a', type: 'asset' }),
      books.patch('/accounts/users:bob?dryRun=true', { limits: { max: '5000' } }),
      books.post('/accounts/users:bob/freeze?dryRun=true', { direction: 'all', reason: 'r' }),
      books.post(`/holds/${holdId}/captures?dryRun=true`, {}),
      books.post(`/holds/${holdId}/void?dryRun=true`, { reason: 'r' }),
      books.post('/batches?dryRun=true', {
        mode: 'atomic',
        commands: [
          { command: 'OpenAccount', accountId: 'b', type: 'asset' },
          { command: 'PostTransaction', postings: [posting('b -> users:alice 3')] },
        ],
      }),
      books.post('/batches?dryRun=true', {
        mode: 'independent',
        commands: [
          { command: 'PostTransaction', postings: [posting('bank:cash -> users:alice 3')] },
        ],
      }),
    ]
    for (const answer of await Promise.all(dry)) {
      expect(outcome(answer)).toBe('200')
      expect(answer.text).not.toMatch(/"(revision|recordedAt|transactionId)":/)
    }
    expect(await books.head()).toBe(head)
  })
})
