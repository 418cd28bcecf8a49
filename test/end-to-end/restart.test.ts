import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { allProjections } from '#projections/all-projections.ts'
import { describeAlone, type Subject } from '#test/end-to-end/engines.ts'
import { expectReplay } from '#test/end-to-end/replays.ts'
import { column, outcome, posting, type TestBooks } from '#test/end-to-end/test-books.ts'
import { checkLedger } from '#test/support/history-checker.ts'
import { projection } from '#test/support/http-client-shapes.ts'

const everything = [
  '',
  '/accounts',
  '/transactions',
  '/holds',
  '/commands',
  '/events',
  '/trial-balance',
  '/accounts/users:alice/entries',
  '/accounts/users:alice/statement?asset=USD/2',
]

/** What is done before a restart; what it resolves to holds after it. */
type Keeping = (on: Subject) => Promise<() => Promise<void>>

const kept: Readonly<Record<string, Keeping>> = {
  'everything: every read is the same before and after, and the books go on': async (on) => {
    const books = await on.books()
    await fill(books)
    const before = await picture(books)
    return async () => {
      expect(await picture(books)).toEqual(before)
      expect(outcome(await books.transact('users:alice -> users:bob 1'))).toBe('201')
      const violations = await checkLedger(on.api, books.ledgerId, [])
      expect(
        violations.filter((violation) => !violation.includes('under which nothing was sent')),
      ).toEqual([])
    }
  },

  cursors: async (on) => {
    const books = await on.books()
    const cursor = (await books.get('/accounts?limit=2')).string('page', 'next')
    return async () => {
      const next = await books.get(`/accounts?limit=2&cursor=${cursor}`)
      expect(next.status).toBe(200)
      expect(next.at('data', 0, 'accountId')).toBe('fees')
    }
  },

  'what was answered under an idempotency key': async (on) => {
    const books = await on.books()
    const [good, bad] = [{ 'idempotency-key': 'before' }, { 'idempotency-key': 'refused' }]
    const first = await books.transact('bank:cash -> users:alice 7', {}, good)
    const refusal = await books.transact('users:bob -> users:alice 7', {}, bad)
    return async () => {
      expectReplay(first, await books.transact('bank:cash -> users:alice 7', {}, good))
      expectReplay(refusal, await books.transact('users:bob -> users:alice 7', {}, bad))
      const mismatch = await books.transact('bank:cash -> users:alice 8', {}, good)
      expect(outcome(mismatch)).toBe('422 idempotency-key-mismatch')
      expect(await books.balance('users:alice')).toBe('7 7 7')
    }
  },

  'what was answered to an atomic batch': async (on) => {
    const books = await on.books()
    const commands = [
      { command: 'PostTransaction', postings: [posting('bank:cash -> users:alice 5')] },
      { command: 'PostTransaction', postings: [posting('users:alice -> fees 5')] },
    ]
    const key = { 'idempotency-key': 'b' }
    const send = () => books.post('/batches', { mode: 'atomic', commands }, key)
    const first = await send()
    return async () => {
      const again = await send()
      expect(first.status).toBe(201)
      expect(again.text).toBe(first.text)
      expectReplay(first, again)
      expect(await books.balance('fees')).toBe('5 5 5')
    }
  },
}

describeAlone('a restart', (on) => {
  const holds = new Map<string, () => Promise<void>>()

  beforeAll(async () => {
    for (const [name, keep] of Object.entries(kept)) holds.set(name, await keep(on))
    await on.restart()
  }, 60_000)

  it.each(Object.keys(kept))('keeps %s', async (name) => {
    const after = holds.get(name)
    if (after === undefined) throw new Error('nothing was done before the restart')
    await after()
  })

  it('says how far every read model is', async () => {
    const books = await on.books()
    await books.get()
    await sleep(100)
    const list = await on.api.get('/v1/projections')
    const projections = projection.array().parse(list.at('data'))
    expect(projections.map(({ name }) => name).toSorted()).toEqual(
      allProjections.map(({ name }) => name).toSorted(),
    )
    expect(new Set(column(projections, 'status'))).toEqual(new Set(['live']))
    expect(new Set(column(projections, 'lagEvents'))).toEqual(new Set([0]))
  })
})

async function fill(books: TestBooks): Promise<void> {
  const id = await books.transacted('bank:cash -> users:alice 1000', {
    metadata: { a: 'b' },
    description: 'd',
  })
  const holdId = await books.held('users:alice -> users:bob 100', { externalReference: 'h' })
  await books.post(`/holds/${holdId}/captures`, { amounts: ['10'] })
  await books.held('users:alice -> fees 5', { expiresAt: '2199-01-01T00:00:00Z' })
  await books.post(`/transactions/${id}/reversals`, { amounts: ['3'], reason: 'r' })
  await books.transact('users:bob -> users:alice 5000')
  await books.post('/accounts/users:bob/freeze', { direction: 'debits', reason: 'r' })
  await books.post('/transactions', { postings: [posting('bank:cash -> capital 9 EUR/2')] })
}

async function picture(books: TestBooks): Promise<readonly unknown[]> {
  const seen: unknown[] = []
  for (const path of everything) {
    const { text, revision } = await books.get(path)
    seen.push([path, revision, text.replace(/"next":"[^"]*"/, '')])
  }
  return seen
}
