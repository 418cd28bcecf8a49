import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { auditEvents } from '#cli/audit/audit-events.ts'
import type { Finding, Rule } from '#cli/audit/finding.ts'
import { seal } from '#commands/handler/seal.ts'
import { decodeEvent } from '#events/decode.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { anyCommand, eventfulBooks, storedIn } from '#test/cli/audit/history.ts'
import { openedBooks } from '#test/support/write-side.ts'

let books: readonly StoredEvent[]
beforeAll(async () => {
  books = await eventfulBooks()
})

describe('what the write side wrote', () => {
  it('has nothing to be found, with every type of event in it', async () => {
    expect(books).toHaveLength(32)
    expect(new Set(books.map(({ type }) => type)).size).toBe(17)
    expect(await auditEvents(books)).toEqual([])
  })

  it('has nothing to be found after any commands', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyCommand, { maxLength: 60 }), async (commands) => {
        await using side = await openedBooks()
        for (const [name, members] of commands) await side.ask(name, members)
        expect(await auditEvents(await storedIn(side))).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})

describe('bytes that were tampered with', () => {
  it.each<[string, Rule, (json: string) => string]>([
    ['an amount', 'event-id', (json) => json.replaceAll('"10000"', '"20000"')],
    ['white space', 'canonical-bytes', (json) => json.replace('{', '{ ')],
    ['the id', 'event-id', (json) => json.replace(/(?<="id":")./, (c) => (c === '0' ? '1' : '0'))],
    ['the actor', 'event-id', (json) => json.replace('"anonymous"', '"nobody"')],
    ['no JSON', 'envelope', (json) => json.slice(1)],
    ['the type', 'envelope', (json) => json.replace('"TransactionPosted"', '"Posted"')],
  ])('show: %s', async (_what, rule, tamper) => {
    const events = books.map((event) =>
      event.revision === 5n ? { ...event, json: tamper(event.json) } : event,
    )
    expect(await rulesBroken(events)).toContain(`5 ${rule}`)
  })
})

describe('events that this program does not know', () => {
  it('are found, and not judged by the rules that it knows', async () => {
    const unknown = await auditEvents(writtenAs({ type: 'AccountVanished' }))
    expect(unknown.map(lineOf)).toContain(
      '20 envelope: unknown event type AccountVanished version 1 at acme revision 20',
    )
    const newer = await auditEvents(writtenAs({ schemaVersion: 2 }))
    expect(newer.map(lineOf)).toContain(
      '20 envelope: MetadataSet version 2 at acme revision 20 is newer than this program, which knows 1',
    )
    for (const findings of [unknown, newer])
      expect(findings.filter(({ revision }) => revision === '20')).toHaveLength(1)
  })
})

describe('events that are gone, doubled or moved', () => {
  it('show as revisions that are not gap-free', async () => {
    expect(await rulesBroken(books.toSpliced(20, 1))).toEqual(['21 revisions', '21 accounts'])
    expect(await rulesBroken(books.slice(1))).toContain('1 revisions')
    const doubled = await rulesBroken(books.toSpliced(20, 0, ...books.slice(19, 20)))
    expect(doubled).toEqual(['19 revisions', '19 keys'])
  })
})

type Change = (data: Record<string, never>) => object

describe('a history that its rules forbid, however well it is sealed', () => {
  it.each<[string, bigint, Rule, Change]>([
    ['a balance that its history does not make', 5n, 'balances', (data) => balance(data, '9999')],
    ['balances that do not add up to zero', 5n, 'sum-zero', (data) => balance(data, '9999')],
    ['another amount than the balances say', 6n, 'balances', (data) => amount(data, '2499')],
    ['more than there is', 6n, 'limits', (data) => amount(data, '25000')],
    ['an unknown asset', 6n, 'accounts', (data) => posting(data, { asset: 'GBP/2' })],
    ['a posting to itself', 6n, 'accounts', (data) => posting(data, { credit: 'users:alice' })],
    ['more reversed than there was', 7n, 'reversals', (data) => amount(data, '2600')],
    ['a reversal not turned round', 7n, 'reversals', (data) => posting(data, { debit: 'fees' })],
    ['half a reinstatement', 8n, 'reversals', (data) => amount(data, '999')],
    [
      'other amounts given back',
      8n,
      'reversals',
      () => ({ reinstates: { amounts: ['1'], transactionId: '6' } }),
    ],
    ['more captured than held', 10n, 'holds', () => ({ amounts: ['1001', '0'] })],
    ['less left than there is', 10n, 'holds', () => ({ remaining: ['599', '10'] })],
    ['a release that is not final', 10n, 'holds', () => ({ released: ['600', '10'] })],
    ['another expiry before', 11n, 'holds', () => ({ before: '2026-03-10T12:00:00.000Z' })],
    ['less released than was left', 15n, 'holds', () => ({ released: ['699'] })],
    ['a hold that is not open', 15n, 'envelope', () => ({ holdId: '9' })],
    ['a broken chain', 11n, 'holds', () => ({ previous: '9' })],
    ['limits that the balance breaks', 18n, 'limits', () => ({ after: { max: '5', min: '0' } })],
    ['limits that were others before', 18n, 'limits', () => ({ before: { max: '7', min: '0' } })],
    ['an account opened twice', 23n, 'accounts', () => ({ accountId: 'fees' })],
    ['a full account closed', 24n, 'accounts', () => ({ accountId: 'users:bob' })],
    ['an asset registered twice', 26n, 'accounts', () => ({ asset: 'EUR/2' })],
    ['an external reference used twice', 14n, 'references', () => reusedReference],
  ])('shows: %s', async (_what, revision, rule, change) => {
    expect(await rulesBroken(withData(revision, change))).toContain(`${revision} ${rule}`)
  })

  it.each<[string, bigint, Rule, Partial<RecordedEvent>]>([
    ['time running back', 6n, 'time', { recordedAt: '2020-01-01T00:00:00.000Z' }],
    [
      'a key used twice',
      6n,
      'keys',
      { idempotency: { key: 'open-acme', fingerprint: 'f'.repeat(64) } },
    ],
    [
      'a batch key used by a command',
      31n,
      'keys',
      { idempotency: { key: 'batch-1', fingerprint: 'f'.repeat(64) } },
    ],
    ['another ledger', 6n, 'envelope', { ledgerId: 'other' }],
    ['another revision', 6n, 'revisions', { revision: 7n }],
  ])('shows: %s', async (_what, revision, rule, envelope) => {
    const events = changed(revision, (event) => ({ ...event, ...envelope }))
    expect(await rulesBroken(events)).toContain(`${revision} ${rule}`)
  })

  it('shows a capture after the hold expired', async () => {
    const late = changed(10n, (event) => ({ ...event, recordedAt: '2026-04-01T00:00:00.000Z' }))
    expect(await rulesBroken(late)).toContain('10 holds')
  })

  it('shows a deviation where it begins and where it ends', async () => {
    const events = withData(5n, (data) => balance(data, '9999'))
    expect(await rulesBroken(events)).toEqual(['5 balances', '5 sum-zero', '28 balances'])
  })
})

const reusedReference = { externalReference: 'order-1' }

function balance(data: Record<string, never>, postedDebits: string): object {
  const [first, ...others] = listIn(data, 'balances')
  return { balances: [{ ...first, postedDebits }, ...others] }
}

function amount(data: Record<string, never>, value: string): object {
  return posting(data, { amount: value })
}

function posting(data: Record<string, never>, change: object): object {
  const [first, ...others] = listIn(data, 'postings')
  return { postings: [{ ...first, ...change }, ...others] }
}

function listIn(data: Record<string, never>, name: string): readonly object[] {
  return data[name] ?? []
}

function withData(revision: bigint, change: Change): readonly StoredEvent[] {
  return changed(revision, (event) => {
    const data = JSON.parse(JSON.stringify(event.data))
    return { ...event, type: event.type, data: { ...data, ...change(data) } }
  })
}

/** The same history with one event changed, and sealed as if the write side had written it so. */
function changed(
  revision: bigint,
  change: (event: RecordedEvent) => object,
): readonly StoredEvent[] {
  return books.map((stored) => {
    if (stored.revision !== revision) return stored
    const said = JSON.stringify(change(decodeEvent(stored.json)), (_name, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    )
    return { ...stored, json: seal(decodeEvent(said)).toAppend.json }
  })
}

/** The history with the event at revision 20 written by some other program. */
function writtenAs(members: object): readonly StoredEvent[] {
  return books.map((event) => {
    if (event.revision !== 20n) return event
    const { id: _, ...contents } = { ...JSON.parse(event.json), ...members }
    const { toAppend } = seal({ ...contents, revision: 20n })
    return { ...event, type: toAppend.type, json: toAppend.json }
  })
}

function lineOf({ revision, rule, detail }: Finding): string {
  return `${revision} ${rule}: ${detail}`
}

/** Each `revision rule` that was found broken, once. */
async function rulesBroken(events: readonly StoredEvent[]): Promise<readonly string[]> {
  const findings = await auditEvents(events)
  return [...new Set(findings.map(({ revision, rule }) => `${revision} ${rule}`))]
}
