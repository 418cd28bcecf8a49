import { expect, it } from 'vitest'
import { describeEndToEnd } from '#test/end-to-end/engines.ts'
import { outcome, posting, type TestBooks } from '#test/end-to-end/test-books.ts'
import { checkLedger } from '#test/support/history-checker.ts'

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

describeEndToEnd('a restart', (on) => {
  it('keeps everything: every read is the same before and after, and the books go on', async () => {
    const books = await on.books()
    await fill(books)
    const before = await picture(books)
    await on.restart()
    expect(await picture(books)).toEqual(before)
    expect(outcome(await books.transact('users:alice -> users:bob 1'))).toBe('201')
    const violations = await checkLedger(on.api, books.ledgerId, [])
    expect(
      violations.filter((violation) => !violation.includes('under which nothing was sent')),
    ).toEqual([])
  })

  it('keeps cursors', async () => {
    const books = await on.books()
    const cursor = (await books.get('/accounts?limit=2')).string('page', 'next')
    await on.restart()
    const next = await books.get(`/accounts?limit=2&cursor=${cursor}`)
    expect(next.status).toBe(200)
    expect(next.at('data', 0, 'accountId')).toBe('fees')
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
