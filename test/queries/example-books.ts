import { Books, postingOf } from '#test/queries/books.ts'

/**
 * A week of a ledger that counts cents; in brackets what Alice's account comes to: posted, less what is on hold.
 *
 *  0 ledger · 1 bank:cash · 2 users:alice · 3 users:bob · 4 fees
 *  5 2 March 10:00 the bank takes in 100.00 for Alice (10000)
 *  6 3 March 10:00 Alice pays Bob 25.00 (7500)
 *  7 4 March 10:00 30.00 for Bob are put on hold (7500 − 3000)
 *  8 5 March 10:00 5.00 come to light that had come in on 2 March at noon, reference `invoice-8` (8000 − 3000)
 *  9 6 March 10:00 10.00 of the hold are captured (7000 − 2000)
 * 10 7 March 10:00 5.00 of payment 6 are reversed (7500 − 2000)
 * 11 8 March 10:00 the hold is voided (7500)
 * 12 9 March 10:00 Alice tries to pay 9999.99 and is refused
 * 13 10 March 10:00 a fee of 1.00, effective on 2 March at noon (7400)
 */
export function exampleBooks(): Books {
  const books = new Books()
  const on = (day: number) => ({
    recordedAt: `2026-03-${String(day).padStart(2, '0')}T10:00:00.000Z`,
  })
  const assets = [{ asset: 'USD/2' }, { asset: 'EUR/2' }]
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets })
  books.do('OpenAccount', { accountId: 'bank:cash', type: 'asset' })
  books.do('OpenAccount', { accountId: 'users:alice', type: 'liability' })
  books.do('OpenAccount', { accountId: 'users:bob', type: 'liability' })
  books.do('OpenAccount', { accountId: 'fees', type: 'income' })
  books.post('bank:cash -> users:alice 10000', {}, on(2))
  books.post('users:alice -> users:bob 2500', { description: 'rent' }, on(3))
  books.do('PlaceHold', { postings: [postingOf('users:alice -> users:bob 3000')] }, on(4))
  const found = { effectiveAt: noonOn2March, externalReference: 'invoice-8' }
  books.post('bank:cash -> users:alice 500', found, on(5))
  books.do('CaptureHold', { holdId: '7', amounts: ['1000'] }, on(6))
  books.do('ReverseTransaction', { transactionId: '6', amounts: ['500'], reason: 'broken' }, on(7))
  books.do('VoidHold', { holdId: '7', reason: 'not needed' }, on(8))
  const dear = { ...on(9), actor: 'alice', key: 'too-much', correlationId: 'order-1' }
  books.post('users:alice -> users:bob 999999', {}, dear)
  books.post(
    'users:alice -> fees 100',
    { effectiveAt: noonOn2March },
    { ...on(10), actor: 'alice' },
  )
  return books
}

export const noonOn2March = '2026-03-02T12:00:00.000Z'

export const inAcme = { ledgerId: 'acme' }
export const ofAlice = { ledgerId: 'acme', accountId: 'users:alice' }
export const ofBob = { ledgerId: 'acme', accountId: 'users:bob' }
