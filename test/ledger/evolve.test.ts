import { describe, expect, it } from 'vitest'
import type { RecordedEvent } from '#events/envelope.ts'
import { evolve } from '#ledger/evolve.ts'
import { isOpened, type Ledger, unopenedLedger } from '#ledger/ledger.ts'
import { booksOf } from '#test/support/books-of.ts'
import { commandRejected } from '#test/support/examples.ts'
import {
  acme,
  captured,
  closed,
  deposited,
  expired,
  type Fact,
  frozen,
  held,
  history,
  posting,
  reversed,
  voided,
} from '#test/support/history.ts'

const toBob = [posting('users:alice', 'users:bob', '4000')]
const reserved = held(toBob, { expiresAt: '2026-03-01T13:00:00.000Z', externalReference: 'h' })

function fold(events: readonly RecordedEvent[]): Ledger {
  const ledger = unopenedLedger('acme')
  for (const event of events) evolve(ledger, event)
  return ledger
}

/** The last of these events, altered, after all the others. */
function foldAltered(
  facts: readonly Fact[],
  alter: (last: RecordedEvent) => RecordedEvent,
): Ledger {
  const events = history(facts)
  return fold(events.map((event, index) => (index === events.length - 1 ? alter(event) : event)))
}

describe('the books of a ledger', () => {
  it('begin with nothing', () => {
    expect(isOpened(unopenedLedger('acme'))).toBe(false)
    expect(isOpened(fold(history(acme)))).toBe(true)
  })

  it('remember the first use of every key, and of a batch’s', () => {
    const batch = { key: 'K', fingerprint: 'f', size: 2 }
    const [opened, cash, alice] = history(acme)
    if (opened === undefined || cash === undefined || alice === undefined)
      throw new Error('no books')
    const ledger = fold([
      opened,
      { ...cash, idempotency: { key: 'K/0', fingerprint: 'f', batch: { ...batch, index: 0 } } },
      { ...alice, idempotency: { key: 'K/1', fingerprint: 'f', batch: { ...batch, index: 1 } } },
    ])
    const keys = new Map([
      ['key-0', 0n],
      ['K/0', 1n],
      ['K', 1n],
      ['K/1', 2n],
    ])
    expect(ledger.keys).toEqual(keys)
  })

  it('remember a refusal by its key and revision alone', () => {
    const ledger = fold(history(acme))
    const before = booksOf(ledger)
    evolve(ledger, commandRejected({}, { revision: 5n }))
    expect(ledger.head.revision).toBe(5n)
    expect(ledger.keys.get('key-5')).toBe(5n)
    ledger.journal.undoTo(0)
    expect(booksOf(ledger)).not.toEqual(before)
  })

  it('forget the particulars of a hold that ended', () => {
    const ledger = fold(history([...acme, deposited('10000'), reserved, voided('6')]))
    expect([...ledger.openHolds]).toEqual([])
    expect(ledger.closedHolds).toEqual(new Map([['6', 'voided']]))
    expect(ledger.references.get('h')).toEqual({ holdId: '6' })
  })
})

describe('a log that contradicts itself', () => {
  const deposits = [...acme, deposited('10000')]

  it('is refused with a gap or a repetition', () => {
    for (const revision of [4n, 6n])
      expect(() => foldAltered(deposits, (last) => ({ ...last, revision }))).toThrow(
        `acme: revision ${revision} follows 4`,
      )
  })

  it('is refused where time runs backwards, not where it stands still', () => {
    const at = (recordedAt: string) => () =>
      foldAltered(deposits, (last) => ({ ...last, recordedAt }))
    expect(at('2026-03-01T12:00:03.999Z')).toThrow('time runs backwards at revision 5')
    expect(at('2026-03-01T12:00:04.000Z')).not.toThrow()
  })

  it.each(['postedDebits', 'postedCredits', 'pendingDebits', 'pendingCredits'] as const)(
    'is refused where an event misstates %s',
    (total) => {
      const misstate = (last: RecordedEvent): RecordedEvent => {
        if (last.type !== 'TransactionPosted') return last
        const [first, ...rest] = last.data.balances
        if (first === undefined) return last
        return { ...last, data: { ...last.data, balances: [{ ...first, [total]: '9' }, ...rest] } }
      }
      expect(() => foldAltered(deposits, misstate)).toThrow(
        'misstates the balance of bank:cash in USD/2',
      )
    },
  )

  it('is refused where an event leaves out a balance', () => {
    const leaveOut = (last: RecordedEvent): RecordedEvent =>
      last.type === 'TransactionPosted'
        ? { ...last, data: { ...last.data, balances: last.data.balances.slice(1) } }
        : last
    expect(() => foldAltered(deposits, leaveOut)).toThrow('leaves out a balance')
  })

  it('is refused where it acts on what is not there', () => {
    const elsewhere = (last: RecordedEvent): RecordedEvent =>
      last.type === 'HoldVoided' ? { ...last, data: { ...last.data, holdId: '77' } } : last
    expect(() => foldAltered([...deposits, reserved, voided('6')], elsewhere)).toThrow(
      'hold 77 is not open',
    )
    const nobody = (last: RecordedEvent): RecordedEvent =>
      last.type === 'AccountClosed'
        ? { ...last, data: { ...last.data, accountId: 'nobody' } }
        : last
    expect(() => foldAltered([...acme, closed('users:bob')], nobody)).toThrow(
      'account nobody was never opened',
    )
  })
})

describe('taking back', () => {
  it.each([
    ['a transaction', deposited('1')],
    ['a reversal', reversed('5', '4000')],
    ['a hold', held(toBob)],
    ['a capture in part', captured('6', ['1000'])],
    ['a capture of all', captured('6', ['4000'])],
    ['a void', voided('6')],
    ['an expiry', expired('6')],
    ['a freeze', frozen('users:alice', 'all')],
    ['a closing', closed('fees')],
  ])('%s leaves the books exactly as they were', (_name, fact) => {
    const events = history([...acme, deposited('10000'), reserved, fact])
    const ledger = fold(events.slice(0, -1))
    const before = booksOf(ledger)
    const mark = ledger.journal.mark()
    for (const event of events.slice(-1)) evolve(ledger, event)
    expect(booksOf(ledger)).not.toEqual(before)
    ledger.journal.undoTo(mark)
    expect(booksOf(ledger)).toEqual(before)
  })

  it('goes back to the beginning, or to where it was last cleared', () => {
    const events = history([...acme, deposited('10000'), reserved])
    const ledger = fold(events)
    ledger.journal.undoTo(0)
    expect(booksOf(ledger)).toEqual(booksOf(unopenedLedger('acme')))
    for (const event of events.slice(0, 6)) evolve(ledger, event)
    ledger.journal.clear()
    const durable = booksOf(ledger)
    for (const event of events.slice(6)) evolve(ledger, event)
    ledger.journal.undoTo(0)
    expect(booksOf(ledger)).toEqual(durable)
  })
})
