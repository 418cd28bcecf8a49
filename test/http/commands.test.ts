import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { accepted, refused } from '#test/support/http-command-bus.ts'
import { openHarness, problemOf, read } from '#test/support/http-harness.ts'

const http = await openHarness()
afterAll(() => http.stop())

const posting = { debit: 'bank:cash', credit: 'users:alice', asset: 'USD/2', amount: '2500' }
const transaction = { postings: [posting] }
const transactions = '/v1/ledgers/acme/transactions'

beforeEach(() => {
  http.bus.commands.length = 0
  http.bus.dryRuns.length = 0
  http.bus.outcome = accepted()
  http.bus.failure = undefined
})

describe('a command that was accepted', () => {
  it('answers 201 with the resource and its revision', async () => {
    const { status, headers, body } = await read(http.post(transactions, transaction))
    expect(status).toBe(201)
    expect(body).toEqual({ data: { transactionId: '42' } })
    expect(headers.get('ledger-revision')).toBe('42')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.has('idempotency-replayed')).toBe(false)
    expect(headers.has('etag') || headers.has('x-powered-by')).toBe(false)
  })

  it('answers 200 where it created nothing', async () => {
    http.bus.outcome = accepted({ event: 'AccountFrozen' })
    const frozen = { direction: 'all', reason: 'a court order' }
    const { status } = await read(http.post('/v1/ledgers/acme/accounts/users:alice/freeze', frozen))
    expect(status).toBe(200)
  })

  it('says when it was accepted before', async () => {
    http.bus.outcome = accepted({ replayed: true })
    const { status, headers } = await read(http.post(transactions, transaction))
    expect([status, headers.get('idempotency-replayed')]).toEqual([201, 'true'])
  })

  it('reaches the bus as it was sent, with who asks', async () => {
    await http.post(transactions, transaction, {
      'idempotency-key': 'a, b',
      'correlation-id': 'order-1',
      'causation-id': 'click 7',
    })
    expect(http.bus.commands).toMatchObject([
      {
        ledgerId: 'acme',
        key: 'a, b',
        actor: 'anonymous',
        correlationId: 'order-1',
        causationId: 'click 7',
        item: {
          command: 'PostTransaction',
          request: { command: 'PostTransaction', ...transaction },
        },
      },
    ])
  })
})

describe('a command that was refused', () => {
  it('answers a problem with the status, context and revision of the refusal', async () => {
    http.bus.outcome = refused({ replayed: true })
    const { status, headers, body } = await read(http.post(transactions, transaction))
    expect(status).toBe(422)
    expect(body).toMatchObject({ code: 'insufficient-funds', context: { available: '5' } })
    expect(headers.get('ledger-revision')).toBe('43')
    expect(headers.get('idempotency-replayed')).toBe('true')
  })

  it('says when to try again', async () => {
    http.bus.outcome = refused({ status: 503, code: 'overloaded', retryAfterSeconds: 1 })
    expect((await http.post(transactions, transaction)).headers.get('retry-after')).toBe('1')
  })
})

describe('the table of commands', () => {
  const reason = { reason: 'because' }
  it.each([
    ['POST', '', { ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'USD/2' }] }, 'OpenLedger'],
    ['PATCH', '/acme', { name: 'Acme' }, 'ChangeLedger'],
    ['POST', '/acme/assets', { asset: 'EUR/2' }, 'RegisterAsset'],
    ['POST', '/acme/accounts', { accountId: 'bank', type: 'asset' }, 'OpenAccount'],
    ['PATCH', '/acme/accounts/a:b', { limits: { min: '-5' } }, 'ChangeAccountLimits'],
    ['PATCH', '/acme/accounts/a:b', { metadata: { tier: null } }, 'SetMetadata'],
    ['POST', '/acme/accounts/a:b/freeze', { direction: 'all', ...reason }, 'FreezeAccount'],
    ['POST', '/acme/accounts/a:b/unfreeze', reason, 'UnfreezeAccount'],
    ['POST', '/acme/accounts/a:b/close', reason, 'CloseAccount'],
    ['POST', '/acme/accounts/a%3Ab/reopen', reason, 'ReopenAccount'],
    ['POST', '/acme/transactions', transaction, 'PostTransaction'],
    ['POST', '/acme/transactions/7/reversals', reason, 'ReverseTransaction'],
    ['POST', '/acme/holds', { postings: [posting] }, 'PlaceHold'],
    ['POST', '/acme/holds/7/captures', {}, 'CaptureHold'],
    ['POST', '/acme/holds/7/void', reason, 'VoidHold'],
    ['POST', '/acme/holds/7/extend', { expiresAt: '2030-01-01T00:00:00Z' }, 'ExtendHold'],
  ])('%s /v1/ledgers%s %j is %s', async (method, path, body, command) => {
    const answer = await http.request(`/v1/ledgers${path}`, {
      method,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
    })
    expect(answer.status).toBe(201)
    const [taken] = http.bus.commands
    const ids = {
      ...(path.includes('/accounts/') && { accountId: 'a:b' }),
      ...(path.includes('/transactions/') && { transactionId: '7' }),
      ...(path.includes('/holds/') && { holdId: '7' }),
    }
    expect(taken?.ledgerId).toBe('acme')
    expect(taken?.item.request).toEqual({ command, ...ids, ...body })
  })
})

describe('a command that is not what it should be', () => {
  const alice = '/v1/ledgers/acme/accounts/users:alice'

  it.each([
    ['an unknown member', transactions, { ...transaction, color: 'red' }, ['/color']],
    ['a missing member', transactions, {}, ['/postings']],
    ['a list', transactions, [], ['']],
    ['null', transactions, null, ['']],
    ['an id of the path again', `${alice}/close`, { reason: 'x', accountId: 'b' }, ['/accountId']],
    ['the ledger in the body', transactions, { ...transaction, ledgerId: 'acme' }, ['/ledgerId']],
    ['a command in the body', transactions, { ...transaction, command: 'X' }, ['/command']],
    ['two mistakes', `${alice}/freeze`, { direction: 'up' }, ['/direction', '/reason']],
  ])('is refused with pointers: %s', async (_name, path, body, pointers) => {
    const answer = await read(http.post(path, body))
    expect([answer.status, answer.body['code']]).toEqual([400, 'validation-failed'])
    const errors = Object(answer.body['errors'])
    expect(Array.from(errors, (error) => Reflect.get(Object(error), 'pointer'))).toEqual(pointers)
    expect(http.bus.commands).toEqual([])
  })

  it.each([
    ['both', { limits: { min: '0' }, metadata: { tier: 'gold' } }],
    ['neither', {}],
  ])('is refused where it would change %s of limits and metadata', async (_name, body) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' }
    const request = { method: 'PATCH', body: JSON.stringify(body), headers }
    const answer = await read(http.request(alice, request))
    expect(answer.body['detail']).toBe('the body: either limits or metadata')
  })

  it.each(['"0"', '"-5"', '"1.5"', '"1e3"', '"007"', '5', '1e400', '12345678901234567890'])(
    'is refused as invalid-amount for the amount %s',
    async (amount) => {
      const body = JSON.stringify(transaction).replace('"2500"', amount)
      const { status, body: problem } = await read(http.post(transactions, body))
      expect(status).toBe(422)
      expect(problem).toMatchObject({
        code: 'invalid-amount',
        errors: [{ pointer: '/postings/0/amount', code: 'invalid-amount' }],
      })
    },
  )

  it('is refused for its shape before its key is asked for', async () => {
    const answer = http.request(transactions, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(await problemOf(answer)).toBe('400 validation-failed')
  })

  it.each([
    ['a ledger', '/v1/ledgers/Acme/accounts/a/close', '404 ledger-not-found'],
    ['an account of no ledger', '/v1/ledgers/nowhere/accounts/a::b/close', '404 ledger-not-found'],
    ['a hold of no ledger', '/v1/ledgers/nowhere/holds/07/void', '404 ledger-not-found'],
  ])('is a 404 where the path cannot name %s', async (_name, path, expected) => {
    expect(await problemOf(http.post(path, { reason: 'x' }))).toBe(expected)
  })
})

describe('a dry run', () => {
  it('answers 200 with the would-be outcome, and needs no key', async () => {
    http.bus.outcome = { kind: 'accepted', event: 'HoldPlaced', data: {}, replayed: false }
    const { status, headers, body } = await read(
      http.request('/v1/ledgers/acme/holds?dryRun=true', {
        method: 'POST',
        body: JSON.stringify({ postings: [posting] }),
        headers: { 'content-type': 'application/json' },
      }),
    )
    expect([status, body, headers.get('ledger-revision')]).toEqual([200, { data: {} }, '41'])
    expect(http.bus.commands).toEqual([])
    expect(http.bus.dryRuns).toHaveLength(1)
  })

  it('answers a refusal as it would be', async () => {
    http.bus.outcome = refused()
    expect(await problemOf(http.post(`${transactions}?dryRun=true`, transaction))).toBe(
      '422 insufficient-funds',
    )
  })

  it('is a command after all with dryRun=false', async () => {
    await http.post(`${transactions}?dryRun=false`, transaction)
    expect(http.bus.commands).toHaveLength(1)
  })

  it.each(['dryRun=1', 'dryRun', 'dryRun=TRUE', 'dryRun=true&dryRun=true', 'dryrun=true', 'x=1'])(
    'is nothing that %s asks for',
    async (query) => {
      expect(await problemOf(http.post(`${transactions}?${query}`, transaction))).toBe(
        '400 validation-failed',
      )
      expect(http.bus.dryRuns).toEqual([])
    },
  )
})
