import { expect, it } from 'vitest'
import { describeEndToEnd } from '#test/end-to-end/engines.ts'
import { column, member, outcome, posting } from '#test/end-to-end/test-books.ts'
import type { JsonObject } from '#values/json.ts'

const transaction = (text: string, more: JsonObject = {}) => ({
  command: 'PostTransaction',
  postings: [posting(text)],
  ...more,
})

describeEndToEnd('an atomic batch', (on) => {
  it('is one append of events that know their batch', async () => {
    const books = await on.books()
    const head = await books.head()
    const commands = [
      { command: 'OpenAccount', accountId: 'new', type: 'liability' },
      transaction('bank:cash -> new 100'),
      { command: 'PlaceHold', postings: [posting('new -> users:bob 60')] },
      { command: 'FreezeAccount', accountId: 'users:bob', direction: 'debits', reason: 'r' },
    ]
    const answer = await books.post(
      '/batches',
      { mode: 'atomic', commands },
      { 'idempotency-key': 'b' },
    )
    expect(answer.status).toBe(201)
    expect(answer.revision).toBe(head + 4n)
    expect(answer.at('data', 0)).toMatchObject({ accountId: 'new', status: 'open' })
    expect(answer.at('data', 1)).toMatchObject({
      transactionId: `${head + 2n}`,
      kind: 'transaction',
    })
    expect(answer.at('data', 2)).toMatchObject({ holdId: `${head + 3n}`, status: 'open' })
    expect(answer.at('data', 3)).toMatchObject({ accountId: 'users:bob', frozen: 'debits' })
    const events = await books.get(`/events?after=${head}`)
    expect(column(column(events.at('data'), 'idempotency'), 'key')).toEqual([
      'b/0',
      'b/1',
      'b/2',
      'b/3',
    ])
    for (const index of commands.keys())
      expect(events.at('data', index, 'idempotency', 'batch')).toMatchObject({
        key: 'b',
        index,
        size: 4,
      })
    expect(await books.balance('new')).toBe('100 40 40')
  })

  it('brings the first answer again under the same key', async () => {
    const books = await on.books()
    const send = () =>
      books.post(
        '/batches',
        {
          mode: 'atomic',
          commands: [
            transaction('bank:cash -> users:alice 5'),
            transaction('users:alice -> fees 5'),
          ],
        },
        { 'idempotency-key': 'b' },
      )
    const first = await send()
    expect(first.status).toBe(201)
    const again = await send()
    expect(again.text).toBe(first.text)
    expect(again.status).toBe(201)
    expect(again.revision).toBe(first.revision)
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(await books.balance('fees')).toBe('5 5 5')
  })

  it('is refused whole for one refusal, recorded once under its own key', async () => {
    const books = await on.books()
    const head = await books.head()
    const commands = [
      transaction('bank:cash -> users:alice 5'),
      transaction('users:alice -> fees 6'),
    ]
    const send = () =>
      books.post('/batches', { mode: 'atomic', commands }, { 'idempotency-key': 'b' })
    const answer = await send()
    expect(outcome(answer)).toBe('422 insufficient-funds')
    expect(answer.at('context')).toMatchObject({ index: 1, account: 'users:alice' })
    expect(answer.revision).toBe(head + 1n)
    const event = await books.get(`/events/${head + 1n}`)
    expect(event.at('data')).toMatchObject({ type: 'CommandRejected', idempotency: { key: 'b' } })
    expect(await books.head()).toBe(head + 1n)
    expect((await send()).headers['idempotency-replayed']).toBe('true')
    expect(await books.balance('users:alice')).toBe('0 0 0')
    // The keys of its items are free. They end with an index, so only a batch can use them.
    const other = await books.post(
      '/batches',
      {
        mode: 'atomic',
        commands: [transaction('bank:cash -> users:alice 5', { idempotencyKey: 'own' })],
      },
      { 'idempotency-key': 'c' },
    )
    expect(other.status).toBe(201)
  })

  it('with an item whose key was used is refused and leaves no trace', async () => {
    const books = await on.books()
    await books.transact('bank:cash -> users:alice 5', {}, { 'idempotency-key': 'used' })
    const head = await books.head()
    const commands = [
      transaction('bank:cash -> users:bob 5'),
      transaction('bank:cash -> users:alice 5', { idempotencyKey: 'used' }),
    ]
    const answer = await books.post('/batches', { mode: 'atomic', commands })
    expect(outcome(answer)).toBe('409 idempotency-key-used')
    expect(await books.head()).toBe(head)
  })

  it('with a malformed item is refused whole, and says where', async () => {
    const books = await on.books()
    const head = await books.head()
    const commands = [
      transaction('bank:cash -> users:alice 5'),
      transaction('bank:cash -> users:alice 5', { memo: 'x' }),
    ]
    const answer = await books.post('/batches', { mode: 'atomic', commands })
    expect(outcome(answer)).toBe('400 validation-failed')
    expect(answer.at('errors', 0, 'pointer')).toBe('/commands/1/memo')
    expect(await books.head()).toBe(head)
  })

  it('of 501 commands is too large, one of 500 is not', async () => {
    const books = await on.books()
    const commands = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        command: 'OpenAccount',
        accountId: `a:${index}`,
        type: 'asset',
      }))
    const answer = await books.post('/batches', { mode: 'atomic', commands: commands(501) })
    expect(outcome(answer)).toBe('422 batch-too-large')
    const fits = await books.post('/batches', { mode: 'atomic', commands: commands(500) })
    expect(outcome(fits)).toBe('201')
    expect(await books.all('/accounts?prefix=a:&limit=200')).toHaveLength(500)
  })

  it('of more than 512 KiB of events is too large', async () => {
    const books = await on.books()
    const commands = Array.from({ length: 60 }, () =>
      transaction('bank:cash -> users:alice 1', { metadata: { pad: 'x'.repeat(10_000) } }),
    )
    const answer = await books.post('/batches', { mode: 'atomic', commands })
    expect(outcome(answer)).toBe('422 batch-too-large')
    expect(await books.balance('users:alice')).toBe('0 0 0')
  })
})

describeEndToEnd('an independent batch', (on) => {
  it('answers each command in its place', async () => {
    const books = await on.books()
    const head = await books.head()
    const commands = [
      transaction('bank:cash -> users:alice 5'),
      transaction('users:bob -> users:alice 6'),
      transaction('bank:cash -> users:alice 0'),
      { command: 'Nothing' },
      'nothing',
      transaction('users:alice -> users:bob 4'),
      { command: 'FreezeAccount', accountId: 'users:bob', direction: 'all', reason: 'r' },
    ]
    const answer = await books.post(
      '/batches',
      { mode: 'independent', commands },
      { 'idempotency-key': 'i' },
    )
    expect(answer.status).toBe(200)
    expect(column(answer.at('data'), 'index')).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(column(answer.at('data'), 'status')).toEqual([201, 422, 422, 400, 400, 201, 200])
    expect(answer.at('data', 1, 'problem', 'code')).toBe('insufficient-funds')
    expect(answer.at('data', 2, 'problem', 'code')).toBe('invalid-amount')
    expect(answer.at('data', 3, 'problem', 'code')).toBe('validation-failed')
    expect(answer.at('data', 5, 'data', 'transactionId')).toBe(`${head + 3n}`)
    expect(answer.revision).toBe(head + 4n)
    const events = await books.get(`/events?after=${head}`)
    expect(column(events.at('data'), 'type')).toEqual([
      'TransactionPosted',
      'CommandRejected',
      'TransactionPosted',
      'AccountFrozen',
    ])
    expect(column(column(events.at('data'), 'idempotency'), 'key')).toEqual([
      'i/0',
      'i/1',
      'i/5',
      'i/6',
    ])
  })

  it('brings every answer again under the same key', async () => {
    const books = await on.books()
    const commands = [
      transaction('bank:cash -> users:alice 5'),
      transaction('users:bob -> fees 1'),
      { command: 'x' },
    ]
    const send = () =>
      books.post('/batches', { mode: 'independent', commands }, { 'idempotency-key': 'i' })
    const first = await send()
    await books.transacted('bank:cash -> users:bob 50')
    const again = await send()
    expect(column(again.at('data'), 'status')).toEqual(column(first.at('data'), 'status'))
    expect(column(again.at('data'), 'data')).toEqual(column(first.at('data'), 'data'))
    expect(column(again.at('data'), 'problem')).toEqual(column(first.at('data'), 'problem'))
    expect(column(again.at('data'), 'replayed')).toEqual([true, true, undefined])
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(again.revision).toBe(first.revision)
    expect(await books.balance('users:alice')).toBe('5 5 5')
  })

  it('does the rest where some of it was done under keys of their own', async () => {
    const books = await on.books()
    await books.transact('bank:cash -> users:alice 5', {}, { 'idempotency-key': 'own' })
    const commands = [
      transaction('bank:cash -> users:alice 5', { idempotencyKey: 'own' }),
      transaction('bank:cash -> users:bob 6'),
    ]
    const answer = await books.post('/batches', { mode: 'independent', commands })
    expect(column(answer.at('data'), 'replayed')).toEqual([true, undefined])
    expect(await books.balance('users:alice')).toBe('5 5 5')
    expect(await books.balance('users:bob')).toBe('6 6 6')
  })

  it('refuses a key that stands for another batch, and an item whose key stands for another command', async () => {
    const books = await on.books()
    const send = (amount: number) =>
      books.post(
        '/batches',
        { mode: 'independent', commands: [transaction(`bank:cash -> users:alice ${amount}`)] },
        { 'idempotency-key': 'i' },
      )
    expect((await send(1)).status).toBe(200)
    expect(outcome(await send(2))).toBe('422 idempotency-key-mismatch')
    await books.transact('bank:cash -> users:alice 5', {}, { 'idempotency-key': 'own' })
    const answer = await books.post('/batches', {
      mode: 'independent',
      commands: [transaction('bank:cash -> users:alice 6', { idempotencyKey: 'own' })],
    })
    expect(answer.at('data', 0, 'status')).toBe(422)
    expect(answer.at('data', 0, 'problem', 'code')).toBe('idempotency-key-mismatch')
  })

  it('takes 1000 commands and not one more, nor none', async () => {
    const books = await on.books()
    const commands = (count: number) =>
      Array.from({ length: count }, () => transaction('bank:cash -> users:alice 1'))
    const answer = await books.post('/batches', { mode: 'independent', commands: commands(1000) })
    expect(new Set(column(answer.at('data'), 'status'))).toEqual(new Set([201]))
    expect(await books.balance('users:alice')).toBe('1000 1000 1000')
    for (const count of [0, 1001])
      expect(
        outcome(await books.post('/batches', { mode: 'independent', commands: commands(count) })),
      ).toBe('400 validation-failed')
  })

  it('takes no opening of a ledger, no expiry of a hold, and no key of 251', async () => {
    const books = await on.books()
    for (const command of [
      { command: 'OpenLedger', ledgerId: 'x', name: 'x', assets: [] },
      { command: 'ExpireHold', holdId: '1' },
    ]) {
      const answer = await books.post('/batches', { mode: 'independent', commands: [command] })
      expect(answer.at('data', 0, 'status')).toBe(400)
    }
    const commands = [transaction('bank:cash -> users:alice 1')]
    const send = (key: string) =>
      books.post('/batches', { mode: 'atomic', commands }, { 'idempotency-key': key })
    expect(outcome(await send('k'.repeat(251)))).toBe('400 validation-failed')
    expect((await send('k'.repeat(250))).status).toBe(201)
    expect(member((await books.get('/commands?limit=1')).at('data', 0), 'idempotencyKey')).toBe(
      `${'k'.repeat(250)}/0`,
    )
  })

  it('has the fingerprint of the direct request in each item', async () => {
    const books = await on.books()
    const direct = await books.transact('bank:cash -> users:alice 3', { description: 'd' })
    const batch = await books.post('/batches', {
      mode: 'atomic',
      commands: [transaction('bank:cash -> users:alice 3', { description: 'd' })],
    })
    const fingerprint = async (revision: bigint) =>
      (await books.get(`/events/${revision}`)).at('data', 'idempotency', 'fingerprint')
    expect(await fingerprint(batch.revision)).toBe(await fingerprint(direct.revision))
  })
})
