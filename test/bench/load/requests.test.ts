import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Asking, requestsOf } from '#bench/load/requests.ts'

const posted = z.object({ postings: z.array(z.object({ debit: z.string(), credit: z.string() })) })

describe('the requests of the clients', () => {
  it('have a key of their own each', () => {
    const next = requestsOf({ request: 'transaction' }, 'run-0')
    expect([keyOf(next().toString()), keyOf(next().toString())]).toEqual([
      'run-0-000000001',
      'run-0-000000002',
    ])
  })

  it('are in one ledger and between its two accounts', () => {
    const text = requestsOf({ request: 'transaction' }, 'run')().toString()
    expect(text).toMatch(/^POST \/v1\/ledgers\/bench\/transactions HTTP/)
    expect(accountsOf(text)).toEqual([['bank:cash', 'users:alice']])
  })

  it('say how long they are', () => {
    for (const asking of asked) {
      const [head = '', body = ''] = requestsOf(asking, 'run')().toString().split('\r\n\r\n')
      expect(head).toContain(`Content-Length: ${body.length}`)
    }
  })

  it('are spread over accounts, two different ones in each transaction', () => {
    const next = requestsOf({ request: 'transaction', accounts: 3 }, 'run')
    const pairs = Array.from({ length: 300 }, () => accountsOf(next().toString())).flat()
    expect(pairs.every(([debit, credit]) => debit !== credit)).toBe(true)
    expect(new Set(pairs.flat())).toEqual(new Set(['users:000000', 'users:000001', 'users:000002']))
  })

  it('are spread over ledgers', () => {
    const next = requestsOf({ request: 'transaction', ledgers: 2 }, 'run')
    const paths = Array.from({ length: 100 }, () => next().toString().split('/transactions')[0])
    expect(new Set(paths)).toEqual(
      new Set(['POST /v1/ledgers/bench-000', 'POST /v1/ledgers/bench-001']),
    )
  })

  it('ask for one account after the other, over all connections', () => {
    const asking = { request: 'get', path: '/accounts/{account}/balances', accounts: 3 } as const
    const [one, other] = [requestsOf(asking, 'run-0'), requestsOf(asking, 'run-1')]
    const targets = [one, other, one, other].map((next) => next().toString().split(' ')[1] ?? '')
    expect(targets[0]).toMatch(/^\/accounts\/users:00000\d\/balances$/)
    expect([new Set(targets).size, targets[3]]).toEqual([3, targets[0]])
  })

  it('begin with the account that is said', () => {
    const asking = { request: 'get', path: '/accounts/{account}', accounts: 1_000 } as const
    const numberOf = (from: number) =>
      Number(
        requestsOf({ ...asking, from }, 'run')()
          .toString()
          .slice(20, 26),
      )
    const first = numberOf(0)
    expect(numberOf(100)).toBe(first + 101)
  })

  it('are batches of as many transactions as are asked for', () => {
    const text = requestsOf({ request: 'batch', size: 100, accounts: 5 }, 'run')().toString()
    expect(text).toMatch(/^POST \/v1\/ledgers\/bench\/batches HTTP/)
    expect(bodyOf(text)).toMatchObject({ mode: 'independent' })
    expect(accountsOf(text)).toHaveLength(100)
  })
})

const asked: readonly Asking[] = [
  { request: 'transaction' },
  { request: 'transaction', accounts: 10, ledgers: 10 },
  { request: 'batch', size: 7, accounts: 10 },
]

function keyOf(text: string): string | undefined {
  return /Idempotency-Key: (\S+)/.exec(text)?.[1]
}

function bodyOf(text: string): unknown {
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n')))
}

function accountsOf(text: string): readonly (readonly [string, string])[] {
  const body = bodyOf(text)
  const batch = z.object({ commands: z.array(posted) }).safeParse(body)
  const transactions = batch.success ? batch.data.commands : [posted.parse(body)]
  return transactions.flatMap(({ postings }) =>
    postings.map(({ debit, credit }) => [debit, credit] as const),
  )
}
