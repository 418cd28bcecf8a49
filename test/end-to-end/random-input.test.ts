import { expect, it } from 'vitest'
import { describeAlone } from '#test/end-to-end/engines.ts'
import { mutations, oneOf, randomFrom, type ValidRequest } from '#test/end-to-end/mutations.ts'
import { outcome, posting, type TestBooks } from '#test/end-to-end/test-books.ts'
import type { ApiClient } from '#test/support/http-client.ts'
import { usually } from '#test/support/long-runs.ts'

const requestsCount = usually(3_000, { long: 20_000 })
const connections = 32
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)

describeAlone('thousands of malformed requests', (on) => {
  it(`are refused, every one, and leave the books as they were (SEED=${seed})`, async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 10000')
    const holdId = await books.held('users:alice -> users:bob 500')
    const valid = validRequests(books, holdId)
    const before = await picture(books)
    const tally = new Set<string>()
    const random = randomFrom(seed)
    const names = Object.keys(mutations)
    let left = requestsCount
    const work = async () => {
      while (left > 0) {
        left -= 1
        const name = oneOf(random, names)
        const said = await sendBroken(on.api, oneOf(random, valid), { name, random })
        tally.add(`${name}: ${said}`)
      }
    }
    await Promise.all(Array.from({ length: connections }, work))
    const said = [...tally]
    expect(said.filter((line) => !/: 4(0[0456]|1[35]|22|31) /.test(line))).toEqual([])
    expect(said.length).toBeGreaterThan(names.length)
    expect(await picture(books)).toEqual(before)
    expect(outcome(await on.api.get('/health/ready'))).toBe('200')
    expect(outcome(await books.transact('users:alice -> users:bob 1'))).toBe('201')
  }, 120_000)
})

async function sendBroken(
  api: ApiClient,
  { method, path, body }: ValidRequest,
  { name, random }: { readonly name: string; readonly random: () => number },
): Promise<string> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': api.key() }
  const broken = mutations[name]?.({ method, path, body, headers }, random)
  if (broken === undefined) throw new Error(`there is no mutation ${name}`)
  const answer = await api.send(broken)
  if (answer.status < 400)
    throw new Error(`${name} was taken: ${JSON.stringify(broken)} ${answer.text}`)
  return outcome(answer)
}

/** Everything that could have moved. */
async function picture(books: TestBooks): Promise<unknown> {
  return {
    head: await books.head(),
    ledger: (await books.get()).at('data'),
    accounts: await books.all('/accounts'),
    holds: await books.all('/holds'),
    commands: await books.all('/commands'),
  }
}

function validRequests(books: TestBooks, holdId: string): readonly ValidRequest[] {
  const post = (rest: string, body: ValidRequest['body']): ValidRequest => ({
    method: 'POST',
    path: books.path(rest),
    body,
  })
  const transaction = {
    postings: [posting('bank:cash -> users:alice 5'), posting('users:alice -> fees 1')],
  }
  return [
    post('/transactions', {
      ...transaction,
      description: 'd',
      externalReference: 'r',
      effectiveAt: '2026-01-01T00:00:00Z',
    }),
    post('/transactions', {
      ...transaction,
      conditions: [{ account: 'users:alice', asset: 'USD/2', available: { gte: '0' } }],
    }),
    post('/holds', { ...transaction, expiresAt: '2199-01-01T00:00:00Z' }),
    post(`/holds/${holdId}/captures`, { amounts: ['5'], description: 'd' }),
    post(`/holds/${holdId}/void`, { reason: 'r' }),
    post(`/holds/${holdId}/extend`, { expiresAt: '2199-01-01T00:00:00Z' }),
    post('/accounts', {
      accountId: 'a',
      type: 'asset',
      limits: { min: '-5', max: '5' },
      metadata: { a: 'b' },
    }),
    post('/accounts/users:bob/freeze', { direction: 'all', reason: 'r' }),
    post('/accounts/users:bob/close', { reason: 'r' }),
    post('/assets', { asset: 'GBP/2', name: 'n' }),
    post('/batches', {
      mode: 'atomic',
      commands: [{ command: 'PostTransaction', ...transaction }],
    }),
    { method: 'PATCH', path: books.path('/accounts/users:bob'), body: { limits: { max: '7' } } },
    { method: 'PATCH', path: books.path(), body: { name: 'n' } },
  ]
}
