import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { accepted, refused } from '#test/support/http-command-bus.ts'
import { openHarness, problemOf, read } from '#test/support/http-harness.ts'

const http = await openHarness()
afterAll(() => http.stop())

const path = '/v1/ledgers/acme/batches'
const close = { command: 'CloseAccount', accountId: 'users:alice', reason: 'moved away' }

beforeEach(() => {
  http.bus.batches.length = 0
  http.bus.batchOutcome = { kind: 'batch', mode: 'atomic', items: [], replayed: false }
})

describe('an atomic batch', () => {
  it('answers 201 with the resources and the last revision', async () => {
    const items = [accepted({ data: { a: '1' } }), accepted({ data: { b: '2' } })]
    http.bus.batchOutcome = { kind: 'batch', mode: 'atomic', items, revision: 9n, replayed: true }
    const answer = await read(http.post(path, { mode: 'atomic', commands: [close, close] }))
    expect([answer.status, answer.body]).toEqual([201, { data: [{ a: '1' }, { b: '2' }] }])
    expect(answer.headers.get('ledger-revision')).toBe('9')
    expect(answer.headers.get('idempotency-replayed')).toBe('true')
  })

  it('reaches the bus as it was sent', async () => {
    const keyed = { ...close, idempotencyKey: 'own' }
    await http.post(path, { mode: 'atomic', commands: [close, keyed] })
    expect(http.bus.batches).toMatchObject([
      { ledgerId: 'acme', key: 'k-1', mode: 'atomic', commands: [close, keyed] },
    ])
    expect(http.bus.batches[0]?.items).toMatchObject([{ request: close }, { key: 'own' }])
  })

  it('is refused whole for one malformed command', async () => {
    const commands = [close, close, { ...close, reason: 5 }, { command: 'Dance' }]
    const { status, body } = await read(http.post(path, { mode: 'atomic', commands }))
    expect(status).toBe(400)
    expect(body).toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer: '/commands/2/reason' }, { pointer: '/commands/3/command' }],
    })
    expect(http.bus.batches).toEqual([])
  })

  it('answers the refusal of the whole', async () => {
    http.bus.batchOutcome = refused({ context: { index: 1 } })
    const { status, body } = await read(http.post(path, { mode: 'atomic', commands: [close] }))
    expect([status, body['context']]).toEqual([422, { index: 1 }])
  })
})

describe('a batch whose items are long', () => {
  it('is answered item by item, with the same bytes', async () => {
    const assets = Array.from({ length: 900 }, (_, index) => ({ asset: `A${index}/2`, name: 'n' }))
    const items = Array.from({ length: 20 }, (_, index) =>
      accepted({ data: { ledgerId: `${index}`, assets } }),
    )
    http.bus.batchOutcome = { kind: 'batch', mode: 'atomic', items, revision: 9n, replayed: false }
    const answer = await http.post(path, { mode: 'atomic', commands: [close] })
    expect([answer.status, answer.headers.get('ledger-revision')]).toEqual([201, '9'])
    expect(answer.headers.get('content-length')).toBeNull()
    expect(await answer.text()).toBe(JSON.stringify({ data: items.map(({ data }) => data) }))
  })

  it('lets others go in between, also where its client takes all at once', async () => {
    const seen = new Set<number>()
    let turns = 0
    const items = Array.from({ length: 12 }, () =>
      accepted({
        data: {
          get balances() {
            seen.add(turns)
            return Array.from({ length: 4_000 }, () => '')
          },
        },
      }),
    )
    http.bus.batchOutcome = { kind: 'batch', mode: 'atomic', items, replayed: false }
    const counted = new AbortController()
    const count = () => {
      turns += 1
      if (!counted.signal.aborted) setImmediate(count)
    }
    count()
    await (await http.post(path, { mode: 'atomic', commands: [close] })).text()
    counted.abort()
    // The first look counts their parts.
    expect(seen.size).toBeGreaterThan(3)
  })

  it('is given up where its client is gone', async () => {
    const assets = Array.from({ length: 900 }, (_, index) => ({ asset: `A${index}/2` }))
    const items = Array.from({ length: 400 }, () => accepted({ data: { assets } }))
    http.bus.batchOutcome = { kind: 'batch', mode: 'atomic', items, replayed: false }
    const gone = await http.post(path, { mode: 'atomic', commands: [close] })
    await gone.body?.cancel()
    const next = await http.post(path, { mode: 'atomic', commands: [close] })
    expect((await next.text()).length).toBe(
      JSON.stringify({ data: items.map(({ data }) => data) }).length,
    )
  })
})

describe('an independent batch', () => {
  it('answers 200 with what came of each command', async () => {
    http.bus.batchOutcome = {
      kind: 'batch',
      mode: 'independent',
      replayed: false,
      revision: 12n,
      items: [
        accepted({ event: 'AccountClosed', data: { accountId: 'a' }, replayed: true }),
        refused(),
        { malformed: [{ pointer: '/reason', code: 'validation-failed', detail: 'is required' }] },
      ],
    }
    const answer = await read(http.post(path, { mode: 'independent', commands: [close] }))
    expect([answer.status, answer.headers.get('ledger-revision')]).toEqual([200, '12'])
    expect(answer.body['data']).toMatchObject([
      { index: 0, status: 200, data: { accountId: 'a' }, replayed: true },
      { index: 1, status: 422, problem: { code: 'insufficient-funds', status: 422 } },
      { index: 2, status: 400, problem: { code: 'validation-failed', status: 400 } },
    ])
    expect(answer.text).not.toMatch(/requestId|instance/)
  })

  it('hands malformed commands on as they were sent', async () => {
    const body = `{"mode":"independent","commands":[${JSON.stringify(close)},{"n":1e400}]}`
    expect((await http.post(path, body)).status).toBe(201)
    expect(http.bus.batches[0]?.items).toMatchObject([
      { command: 'CloseAccount' },
      { malformed: [{}] },
    ])
    expect(http.bus.batches[0]?.commands).toEqual([close, { n: Infinity }])
  })
})

describe('a batch that is none', () => {
  it.each([
    ['without a mode', { commands: [close] }, '/mode'],
    ['of an unknown mode', { mode: 'some', commands: [close] }, '/mode'],
    ['without commands', { mode: 'atomic' }, '/commands'],
    ['of no commands', { mode: 'atomic', commands: [] }, '/commands'],
    [
      'of too many',
      { mode: 'atomic', commands: Array.from({ length: 1001 }, () => close) },
      '/commands',
    ],
    ['of something else', { mode: 'atomic', commands: 'all' }, '/commands'],
    ['with more members', { mode: 'atomic', commands: [close], 'a/b': 1 }, '/a~1b'],
  ])('is refused %s', async (_name, body, pointer) => {
    const answer = await read(http.post(path, body))
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'validation-failed', errors: [{ pointer }] })
  })

  it.each(['OpenLedger', 'ExpireHold', 'ExecuteBatch'])('does not take %s', async (command) => {
    const commands = [{ command, holdId: '1', ledgerId: 'x' }]
    expect(await problemOf(http.post(path, { mode: 'atomic', commands }))).toBe(
      '400 validation-failed',
    )
  })

  it('has no key of more than 250 characters', async () => {
    const body = { mode: 'atomic', commands: [close] }
    const key = (length: number) => ({ 'idempotency-key': 'k'.repeat(length) })
    expect(await problemOf(http.post(path, body, key(251)))).toBe('400 validation-failed')
    expect((await http.post(path, body, key(250))).status).toBe(201)
  })
})

describe('the dry run of a batch', () => {
  it('answers 200 with the would-be outcome', async () => {
    const answer = await read(
      http.post(`${path}?dryRun=true`, { mode: 'atomic', commands: [close] }),
    )
    expect([answer.status, answer.headers.get('ledger-revision')]).toEqual([200, '41'])
    expect(http.bus.batches).toEqual([])
  })
})
