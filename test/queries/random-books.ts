import * as fc from 'fast-check'
import { Books } from '#test/queries/books.ts'
import type { JsonObject } from '#values/json.ts'

/** One throw of the dice: what is tried, on which accounts and assets, how much, on which business day. */
type Throw = {
  readonly act: (typeof acts)[number]
  readonly pick: number
  readonly amount: number
  readonly day: number
}

const acts = ['post', 'hold', 'capture', 'void', 'reverse', 'extend'] as const

const throws: fc.Arbitrary<readonly Throw[]> = fc.array(
  fc.record({
    act: fc.constantFrom(...acts, 'post', 'post', 'hold', 'capture'),
    pick: fc.nat(1000),
    amount: fc.integer({ min: 1, max: 99 }),
    day: fc.integer({ min: 1, max: 4 }),
  }),
  { minLength: 5, maxLength: 40 },
)

export const randomAccounts = {
  a: 'asset',
  b: 'liability',
  c: 'income',
  d: 'expense',
} as const

export const randomAssets = ['EUR/2', 'USD/2']

/** What was recorded on 1 June; its business days are 2 to 5 January, so that many things happen at one time. */
export const randomBooks: fc.Arbitrary<Books> = throws.map((dice) => {
  const books = new Books()
  const recorded = { recordedAt: '2026-06-01T00:00:00.000Z' }
  const assets = randomAssets.toReversed().map((asset) => ({ asset }))
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets }, recorded)
  for (const [accountId, type] of Object.entries(randomAccounts))
    books.do('OpenAccount', { accountId, type, limits: { min: null } })
  for (const each of dice) play(books, each)
  return books
})

export function dayOf(day: number): string {
  return `2026-01-0${day + 1}T00:00:00.000Z`
}

/** Tries what the dice say; what the books refuse is a refusal in the log. */
function play(books: Books, { act, pick, amount, day }: Throw): void {
  const effectiveAt = dayOf(day)
  const holds = revisionsOf(books, 'HoldPlaced')
  const holdId = holds[pick % Math.max(holds.length, 1)] ?? '0'
  switch (act) {
    case 'post':
      books.do('PostTransaction', { postings: postingsOf(pick, amount), effectiveAt })
      return
    case 'hold':
      books.do('PlaceHold', { postings: postingsOf(pick, amount) })
      return
    case 'capture':
      books.do('CaptureHold', {
        holdId,
        effectiveAt,
        final: pick % 3 === 0,
        ...(pick % 2 === 0 && { amounts: [`${amount}`] }),
      })
      return
    case 'void':
      books.do('VoidHold', { holdId, reason: 'dice' })
      return
    case 'extend':
      books.do('ExtendHold', { holdId, expiresAt: '2026-07-01T00:00:00.000Z' })
      return
    case 'reverse': {
      const transactions = revisionsOf(books, 'TransactionPosted')
      const transactionId = transactions[pick % Math.max(transactions.length, 1)] ?? '0'
      books.do('ReverseTransaction', { transactionId, reason: 'dice' })
    }
  }
}

function revisionsOf(books: Books, type: string): readonly string[] {
  return books.events
    .filter((event) => event.type === type)
    .map(({ revision }) => revision.toString())
}

/** One to three postings between the accounts, some of them there and back. */
function postingsOf(pick: number, amount: number): readonly JsonObject[] {
  const names = Object.keys(randomAccounts)
  return Array.from({ length: 1 + (pick % 3) }, (_, index) => {
    const debit = names[(pick + index) % 4] ?? ''
    const credit = names[(pick + 1 + ((pick + index) % 3)) % 4] ?? ''
    const asset = randomAssets[Math.floor(pick / 7 + index) % 2] ?? ''
    const other = debit === credit ? (names[(names.indexOf(debit) + 1) % 4] ?? '') : credit
    return { debit, credit: other, asset, amount: `${amount + index}` }
  })
}
