import { expect, it } from 'vitest'
import { describeEndToEnd } from '#test/end-to-end/engines.ts'
import { column, outcome, posting } from '#test/end-to-end/test-books.ts'

describeEndToEnd('a refusal by the books', (on) => {
  it('says why with the numbers, and is recorded', async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 7')
    const answer = await books.transact(
      'users:alice -> users:bob 9',
      { description: 'dear' },
      { 'correlation-id': 'c' },
    )
    expect(outcome(answer)).toBe('422 insufficient-funds')
    expect(answer.at('context')).toEqual({
      account: 'users:alice',
      asset: 'USD/2',
      available: '7',
      required: '9',
      min: '0',
    })
    const event = await books.get(`/events/${answer.revision}`)
    expect(event.at('data')).toMatchObject({
      type: 'CommandRejected',
      correlationId: 'c',
      data: {
        command: 'PostTransaction',
        request: {
          command: 'PostTransaction',
          postings: [posting('users:alice -> users:bob 9')],
          description: 'dear',
        },
        status: 422,
        code: 'insufficient-funds',
        detail: answer.at('detail'),
        context: answer.at('context'),
      },
    })
    const [listed] = Array(1).fill((await books.get('/commands?outcome=rejected')).at('data', 0))
    expect(listed).toMatchObject({
      revision: `${answer.revision}`,
      command: 'PostTransaction',
      code: 'insufficient-funds',
      detail: answer.at('detail'),
    })
  })

  it.each([
    ['an account that is not there', 'bank:cash -> nobody 1', {}, '422 account-not-found'],
    [
      'an asset that is not registered',
      'bank:cash -> users:alice 1 XAU/0',
      {},
      '422 asset-unknown',
    ],
    ['one account on both sides', 'bank:cash -> bank:cash 1', {}, '422 same-account'],
    [
      'an effect in the future',
      'bank:cash -> users:alice 1',
      { effectiveAt: '2199-01-01T00:00:00Z' },
      '422 effective-at-in-future',
    ],
    ['money that is not there', 'users:alice -> users:bob 1', {}, '422 insufficient-funds'],
    [
      'a condition about nobody',
      'bank:cash -> users:alice 1',
      { conditions: [{ account: 'nobody', asset: 'USD/2', available: { gte: '0' } }] },
      '422 account-not-found',
    ],
    [
      'a condition on an unknown asset',
      'bank:cash -> users:alice 1',
      { conditions: [{ account: 'fees', asset: 'XAU/0', available: { gte: '0' } }] },
      '422 asset-unknown',
    ],
    [
      'a condition that does not hold',
      'bank:cash -> users:alice 1',
      { conditions: [{ account: 'fees', asset: 'USD/2', available: { gte: '1' } }] },
      '422 condition-failed',
    ],
  ])('answers %s', async (_name, text, more, said) => {
    const books = await on.books()
    const answer = await books.transact(text, more)
    expect(outcome(answer)).toBe(said)
    expect((await books.get('/commands?outcome=rejected')).at('data', 0, 'revision')).toBe(
      `${answer.revision}`,
    )
  })

  it('answers a balance beyond 34 digits', async () => {
    const books = await on.books()
    const nines = '9'.repeat(31)
    for (let round = 0; round < 2; round += 1) {
      const postings = Array.from({ length: 500 }, () => posting(`capital -> users:alice ${nines}`))
      expect((await books.post('/transactions', { postings })).status).toBe(201)
    }
    const answer = await books.transact(`capital -> users:alice ${nines}`)
    expect(outcome(answer)).toBe('422 balance-overflow')
    expect(await books.balance('users:alice')).toBe(
      Array(3)
        .fill((BigInt(nines) * 1000n).toString())
        .join(' '),
    )
  })

  it('answers what exists already with a 409', async () => {
    const books = await on.books()
    expect(outcome(await books.post('/assets', { asset: 'USD/2' }))).toBe('409 asset-exists')
    expect(outcome(await books.post('/accounts', { accountId: 'fees', type: 'asset' }))).toBe(
      '409 account-exists',
    )
    const transactionId = await books.transacted('bank:cash -> users:alice 1', {
      externalReference: 'r',
    })
    const again = await books.transact('bank:cash -> users:alice 1', { externalReference: 'r' })
    expect(outcome(again)).toBe('409 external-reference-exists')
    expect(again.at('context')).toMatchObject({ transactionId })
  })

  it('answers what is not there with a 404 where the path names it', async () => {
    const books = await on.books()
    const acts = [
      books.patch('/accounts/nobody', { metadata: { a: 'b' } }),
      books.patch('/accounts/nobody', { limits: { min: null } }),
      books.post('/accounts/nobody/freeze', { direction: 'all', reason: 'r' }),
      books.post('/accounts/nobody/unfreeze', { reason: 'r' }),
      books.post('/accounts/nobody/close', { reason: 'r' }),
      books.post('/accounts/nobody/reopen', { reason: 'r' }),
    ]
    for (const answer of await Promise.all(acts))
      expect(outcome(answer)).toBe('404 account-not-found')
    for (const id of ['1', '4711', '999999999999999999'])
      expect(outcome(await books.post(`/transactions/${id}/reversals`, { reason: 'r' }))).toBe(
        '404 transaction-not-found',
      )
  })

  it('answers two changes at once, and none, as malformed', async () => {
    const books = await on.books()
    for (const body of [
      {},
      { limits: {} },
      { limits: { min: '0' }, metadata: { a: 'b' } },
      { metadata: null },
    ])
      expect(outcome(await books.patch('/accounts/fees', body))).toBe('400 validation-failed')
    for (const body of [{}, { name: 'x', metadata: {} }, { name: '' }, { name: 'x'.repeat(201) }])
      expect(outcome(await books.patch('', body))).toBe('400 validation-failed')
  })

  it('answers metadata that grows too large', async () => {
    const books = await on.books()
    const keys = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${from + index}`, 'v']))
    expect((await books.patch('/accounts/fees', { metadata: keys(0, 64) })).status).toBe(200)
    const answer = await books.patch('/accounts/fees', { metadata: keys(64, 1) })
    expect(answer.status).toBe(422)
    expect((await books.patch('/accounts/fees', { metadata: { k0: null, k64: 'v' } })).status).toBe(
      200,
    )
  })

  it('answers an event that is too large', async () => {
    const books = await on.books()
    const account = (index: number) => `${'a'.repeat(240)}:${index}`
    const commands = Array.from({ length: 400 }, (_, index) => ({
      command: 'OpenAccount',
      accountId: account(index),
      type: 'equity',
    }))
    for (const half of [commands.slice(0, 200), commands.slice(200)])
      expect((await books.post('/batches', { mode: 'independent', commands: half })).status).toBe(
        200,
      )
    const postings = Array.from({ length: 399 }, (_, index) =>
      posting(`${account(index)} -> ${account(index + 1)} 1`),
    )
    const answer = await books.post('/transactions', { postings })
    expect(outcome(answer)).toBe('422 event-too-large')
    expect(await books.balance(account(0))).toBe('0 0 0')
  })
})

describeEndToEnd('a reversal', (on) => {
  it('turns the postings round, in parts until nothing is left', async () => {
    const books = await on.books()
    const postings = [posting('bank:cash -> users:alice 100'), posting('bank:cash -> users:bob 50')]
    const posted = await books.post('/transactions', { postings })
    const id = posted.string('data', 'transactionId')
    const reverse = (body: { amounts?: string[] }) =>
      books.post(`/transactions/${id}/reversals`, { reason: 'wrong', ...body })
    const first = await reverse({ amounts: ['30', '0'] })
    expect(first.status).toBe(201)
    expect(first.at('data')).toMatchObject({
      transactionId: `${first.revision}`,
      kind: 'reversal',
      reverses: id,
      reason: 'wrong',
      postings: [{ ...posting('users:alice -> bank:cash 30'), source: 0 }],
    })
    expect(outcome(await reverse({ amounts: ['71', '0'] }))).toBe('422 reversal-exceeds-original')
    expect(outcome(await reverse({ amounts: ['1'] }))).toMatch(/^422 /)
    expect(outcome(await reverse({ amounts: ['0', '0'] }))).toBe('422 invalid-amount')
    const rest = await reverse({})
    expect(rest.at('data', 'postings')).toEqual([
      { ...posting('users:alice -> bank:cash 70'), source: 0 },
      { ...posting('users:bob -> bank:cash 50'), source: 1 },
    ])
    expect(outcome(await reverse({}))).toBe('422 reversal-exceeds-original')
    const original = await books.get(`/transactions/${id}`)
    expect(original.at('data')).toMatchObject({
      reversedBy: [`${first.revision}`, `${rest.revision}`],
      reversedAmounts: ['100', '50'],
    })
    expect(await books.balance('bank:cash')).toBe('0 0 0')
  })

  it('is itself reversed once and whole, which gives back what it took', async () => {
    const books = await on.books()
    const id = await books.transacted('bank:cash -> users:alice 100')
    const reversal = await books.post(`/transactions/${id}/reversals`, {
      amounts: ['40'],
      reason: 'r',
    })
    const undo = (body: { amounts?: string[] } = {}) =>
      books.post(`/transactions/${reversal.revision}/reversals`, { reason: 'not wrong', ...body })
    expect(outcome(await undo({ amounts: ['39'] }))).toMatch(/^422 /)
    const reinstated = await undo()
    expect(reinstated.at('data')).toMatchObject({
      kind: 'reinstatement',
      reverses: `${reversal.revision}`,
      postings: [posting('bank:cash -> users:alice 40')],
    })
    expect(outcome(await undo())).toMatch(/^422 /)
    const again = await books.post(`/transactions/${reinstated.revision}/reversals`, {
      reason: 'r',
    })
    expect(outcome(again)).toBe('422 not-reversible')
    const original = await books.get(`/transactions/${id}`)
    expect(original.at('data')).toMatchObject({
      reversedBy: [`${reversal.revision}`],
      reversedAmounts: ['0'],
    })
    expect(
      (await books.get(`/transactions/${reversal.revision}`)).at('data', 'reversedBy'),
    ).toEqual([`${reinstated.revision}`])
    expect(outcome(await books.post(`/transactions/${id}/reversals`, { reason: 'r' }))).toBe('201')
    expect(await books.balance('users:alice')).toBe('0 0 0')
  })

  it('of a capture leaves the hold as it is', async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 100')
    const holdId = await books.held('users:alice -> users:bob 30')
    const capture = await books.post(`/holds/${holdId}/captures`, { amounts: ['20'] })
    const before = (await books.get(`/holds/${holdId}`)).at('data')
    expect(
      (await books.post(`/transactions/${capture.revision}/reversals`, { reason: 'r' })).status,
    ).toBe(201)
    expect((await books.get(`/holds/${holdId}`)).at('data')).toEqual(before)
    expect(await books.balance('users:alice')).toBe('100 90 90')
  })

  it('keeps to limits, freezing, closing and time', async () => {
    const books = await on.books()
    const id = await books.transacted('bank:cash -> users:alice 100', {
      effectiveAt: '2026-02-01T00:00:00Z',
    })
    const reverse = (effectiveAt?: string) =>
      books.post(`/transactions/${id}/reversals`, {
        reason: 'r',
        ...(effectiveAt && { effectiveAt }),
      })
    expect(outcome(await reverse('2026-01-31T23:59:59.999Z'))).toBe(
      '422 effective-at-before-original',
    )
    expect(outcome(await reverse('2199-01-01T00:00:00Z'))).toBe('422 effective-at-in-future')
    await books.transacted('users:alice -> users:bob 60')
    expect(outcome(await reverse())).toBe('422 insufficient-funds')
    await books.transacted('users:bob -> users:alice 60')
    await books.post('/accounts/users:alice/freeze', { direction: 'debits', reason: 'r' })
    expect(outcome(await reverse())).toBe('422 account-frozen')
    await books.post('/accounts/users:alice/unfreeze', { reason: 'r' })
    expect(outcome(await reverse('2026-02-01T00:00:00Z'))).toBe('201')
    expect(column((await books.get('/transactions?limit=1')).at('data'), 'effectiveAt')).toEqual([
      expect.any(String),
    ])
  })
})
