import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { describeEndToEnd } from '#test/end-to-end/engines.ts'
import { column, outcome, posting, type TestBooks } from '#test/end-to-end/test-books.ts'

const soon = (ms: number) => new Date(Date.now() + ms).toISOString()

describeEndToEnd('a hold', (on) => {
  const rich = async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 1000')
    return books
  }

  it('reserves on both sides, and books nothing', async () => {
    const books = await rich()
    const answer = await books.post('/holds', {
      postings: [posting('users:alice -> users:bob 300')],
      externalReference: 'h-1',
      description: 'dinner',
      metadata: { a: 'b' },
    })
    expect(answer.status).toBe(201)
    expect(answer.at('data')).toMatchObject({
      holdId: `${answer.revision}`,
      status: 'open',
      postings: [
        {
          ...posting('users:alice -> users:bob 300'),
          captured: '0',
          released: '0',
          remaining: '300',
        },
      ],
      externalReference: 'h-1',
      description: 'dinner',
      metadata: { a: 'b' },
      captures: [],
    })
    expect(answer.at('data')).not.toHaveProperty('expiresAt')
    expect(await books.balance('users:alice')).toBe('1000 700 700')
    expect(await books.balance('users:bob')).toBe('0 300 0')
    const read = await books.get(`/holds/${answer.revision}`)
    expect({ ...Object(read.at('data')), balances: answer.at('data', 'balances') }).toEqual(
      answer.at('data'),
    )
  })

  it('keeps to what is available, each posting counting alone', async () => {
    const books = await rich()
    await books.held('users:alice -> users:bob 600')
    expect(outcome(await books.transact('users:alice -> users:bob 401'))).toBe(
      '422 insufficient-funds',
    )
    const circle = await books.post('/holds', {
      postings: [posting('users:alice -> users:bob 500'), posting('users:bob -> users:alice 500')],
    })
    expect(outcome(circle)).toBe('422 insufficient-funds')
    await books.patch('/accounts/users:bob', { limits: { max: '650' } })
    const over = await books.post('/holds', { postings: [posting('bank:cash -> users:bob 51')] })
    expect(outcome(over)).toBe('422 limit-exceeded')
  })

  it('is captured in parts until nothing remains', async () => {
    const books = await rich()
    const holdId = await books.held('users:alice -> users:bob 300')
    const capture = (body: { amounts?: string[]; final?: boolean; description?: string }) =>
      books.post(`/holds/${holdId}/captures`, body)
    const first = await capture({ amounts: ['100'], description: 'part' })
    expect(first.status).toBe(201)
    expect(first.at('data', 'transaction')).toMatchObject({
      transactionId: `${first.revision}`,
      kind: 'capture',
      holdId,
      description: 'part',
      postings: [{ ...posting('users:alice -> users:bob 100'), source: 0 }],
    })
    expect(first.at('data', 'hold')).toMatchObject({
      status: 'open',
      captures: [`${first.revision}`],
      postings: [{ captured: '100', remaining: '200' }],
    })
    expect(await books.balance('users:alice')).toBe('900 700 700')
    expect(outcome(await capture({ amounts: ['201'] }))).toBe('422 capture-exceeds-hold')
    expect(outcome(await capture({ amounts: ['1', '1'] }))).toMatch(/^422 /)
    const rest = await capture({})
    expect(rest.at('data', 'hold')).toMatchObject({
      status: 'captured',
      postings: [{ captured: '300', released: '0', remaining: '0' }],
    })
    const refused = await capture({})
    expect(outcome(refused)).toBe('422 hold-not-open')
    expect(refused.at('context')).toMatchObject({ status: 'captured' })
    expect(await books.balance('users:alice')).toBe('700 700 700')
    expect(await books.balance('users:bob')).toBe('300 300 300')
    expect((await books.get(`/transactions/${first.revision}`)).at('data', 'kind')).toBe('capture')
  })

  it('releases the rest with a final capture, in the same event', async () => {
    const books = await rich()
    const holdId = await books.held('users:alice -> users:bob 300')
    const answer = await books.post(`/holds/${holdId}/captures`, { amounts: ['120'], final: true })
    expect(answer.at('data', 'hold')).toMatchObject({
      status: 'captured',
      postings: [{ captured: '120', released: '180', remaining: '0' }],
    })
    expect(await books.balance('users:alice')).toBe('880 880 880')
    expect((await books.get(`/events/${answer.revision}`)).at('data', 'data')).toMatchObject({
      final: true,
      released: ['180'],
      remaining: ['0'],
      amounts: ['120'],
    })
  })

  it('captures single postings of many', async () => {
    const books = await rich()
    const placed = await books.post('/holds', {
      postings: [posting('users:alice -> users:bob 10'), posting('users:alice -> fees 5')],
    })
    const holdId = placed.string('data', 'holdId')
    const answer = await books.post(`/holds/${holdId}/captures`, { amounts: ['0', '5'] })
    expect(answer.at('data', 'transaction', 'postings')).toEqual([
      { ...posting('users:alice -> fees 5'), source: 1 },
    ])
    expect(outcome(await books.post(`/holds/${holdId}/captures`, { amounts: ['0', '0'] }))).toBe(
      '422 invalid-amount',
    )
  })

  it('gives everything back when it is voided', async () => {
    const books = await rich()
    const holdId = await books.held('users:alice -> users:bob 300')
    await books.post(`/holds/${holdId}/captures`, { amounts: ['50'] })
    const answer = await books.post(`/holds/${holdId}/void`, { reason: 'cancelled' })
    expect(answer.status).toBe(200)
    expect(answer.at('data')).toMatchObject({
      status: 'voided',
      postings: [{ captured: '50', released: '250', remaining: '0' }],
    })
    expect(await books.balance('users:alice')).toBe('950 950 950')
    for (const act of ['void', 'captures', 'extend']) {
      const body =
        { void: { reason: 'r' }, captures: {}, extend: { expiresAt: soon(60_000) } }[act] ?? {}
      const refused = await books.post(`/holds/${holdId}/${act}`, body)
      expect(outcome(refused)).toBe('422 hold-not-open')
      expect(refused.at('context')).toMatchObject({ status: 'voided' })
    }
  })

  it('is not captured through a frozen direction, but voided', async () => {
    const books = await rich()
    const holdId = await books.held('users:alice -> users:bob 300')
    await books.post('/accounts/users:alice/freeze', { direction: 'debits', reason: 'r' })
    expect(outcome(await books.post(`/holds/${holdId}/captures`, {}))).toBe('422 account-frozen')
    expect((await books.post(`/holds/${holdId}/void`, { reason: 'r' })).status).toBe(200)
  })

  it('expires within a second, and acts are refused before and after', async () => {
    const books = await rich()
    const expiresAt = soon(1_500)
    const placed = await books.post('/holds', {
      postings: [posting('users:alice -> users:bob 300')],
      expiresAt,
    })
    expect(placed.at('data', 'expiresAt')).toBe(expiresAt)
    const holdId = placed.string('data', 'holdId')
    await sleep(Date.parse(expiresAt) - Date.now() + 5)
    expect(await actsOn(books, holdId)).toEqual([
      '422 hold-expired',
      '422 hold-expired',
      '422 hold-expired',
    ])
    const late = await expiryOf(books, holdId)
    expect(late.recordedAt - Date.parse(expiresAt)).toBeGreaterThanOrEqual(0)
    expect(late.recordedAt - Date.parse(expiresAt)).toBeLessThan(1_000)
    expect(late.event).toMatchObject({
      actor: 'daybook:sweeper',
      idempotency: { key: `daybook:expire:${holdId}:${expiresAt}` },
    })
    expect(await actsOn(books, holdId)).toEqual([
      '422 hold-expired',
      '422 hold-expired',
      '422 hold-expired',
    ])
    const hold = await books.get(`/holds/${holdId}`)
    expect(hold.at('data')).toMatchObject({
      status: 'expired',
      postings: [{ released: '300', remaining: '0' }],
    })
    expect(await books.balance('users:alice')).toBe('1000 1000 1000')
  })

  it('expires when it is extended to, sooner or later, and not to the past', async () => {
    const books = await rich()
    const holdId = await books.held('users:alice -> users:bob 300', { expiresAt: soon(60_000) })
    const extend = (expiresAt: string) => books.post(`/holds/${holdId}/extend`, { expiresAt })
    expect(outcome(await extend('2026-01-01T00:00:00Z'))).toBe('422 expires-at-not-in-future')
    const later = soon(120_000)
    const extended = await extend(later)
    expect(extended.status).toBe(200)
    expect(extended.at('data', 'expiresAt')).toBe(later)
    const sooner = soon(1_500)
    await extend(sooner)
    const { recordedAt } = await expiryOf(books, holdId)
    expect(recordedAt).toBeGreaterThanOrEqual(Date.parse(sooner))
  })

  it('is not placed for the past', async () => {
    const books = await rich()
    const answer = await books.post('/holds', {
      postings: [posting('users:alice -> users:bob 1')],
      expiresAt: soon(-1000),
    })
    expect(outcome(answer)).toBe('422 expires-at-not-in-future')
  })

  it('shares its external reference with transactions', async () => {
    const books = await rich()
    const holdId = await books.held('users:alice -> users:bob 300', { externalReference: 'ref' })
    const again = await books.transact('users:alice -> users:bob 1', { externalReference: 'ref' })
    expect(outcome(again)).toBe('409 external-reference-exists')
    expect(again.at('context')).toMatchObject({ holdId })
    const transactionId = await books.transacted('users:alice -> users:bob 1', {
      externalReference: 'other',
    })
    const hold = await books.post('/holds', {
      postings: [posting('users:alice -> users:bob 1')],
      externalReference: 'other',
    })
    expect(hold.at('context')).toMatchObject({ transactionId })
    const capture = await books.post(`/holds/${holdId}/captures`, { externalReference: 'other' })
    expect(outcome(capture)).toBe('409 external-reference-exists')
  })

  it('that is not there is a 404, recorded', async () => {
    const books = await on.books()
    for (const [act, body] of [
      ['captures', {}],
      ['void', { reason: 'r' }],
      ['extend', { expiresAt: soon(9_000) }],
    ] as const)
      expect(outcome(await books.post(`/holds/2/${act}`, body))).toBe('404 hold-not-found')
    expect(column((await books.get('/commands?outcome=rejected')).at('data'), 'command')).toEqual([
      'ExtendHold',
      'VoidHold',
      'CaptureHold',
    ])
  })
})

async function actsOn(books: TestBooks, holdId: string): Promise<readonly string[]> {
  return [
    outcome(await books.post(`/holds/${holdId}/captures`, {})),
    outcome(await books.post(`/holds/${holdId}/void`, { reason: 'r' })),
    outcome(await books.post(`/holds/${holdId}/extend`, { expiresAt: soon(60_000) })),
  ]
}

/** The event that says that the hold expired, once it is there. */
async function expiryOf(
  books: TestBooks,
  holdId: string,
): Promise<{ event: unknown; recordedAt: number }> {
  for (let waitedMs = 0; waitedMs < 5_000; waitedMs += 50) {
    const answer = await books.get('/events?types=HoldExpired')
    const list = answer.at('data')
    const at = column(column(list, 'data'), 'holdId').indexOf(holdId)
    if (at >= 0)
      return {
        event: answer.at('data', at),
        recordedAt: Date.parse(answer.string('data', at, 'recordedAt')),
      }
    await sleep(50)
  }
  throw new Error(`hold ${holdId} never expires`)
}
