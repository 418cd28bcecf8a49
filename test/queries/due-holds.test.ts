import { expect, it } from 'vitest'
import { dueHolds } from '#queries/due-holds.ts'
import { project } from '#test/queries/asking.ts'
import { Books, postingOf } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'

closeAfterwards()

const noon = '2026-03-02T12:00:00.000Z'
const one = '2026-03-02T13:00:00.000Z'
const two = '2026-03-02T14:00:00.000Z'

describeOnEngines('holds of several ledgers', (open) => {
  it('are due from their expiry on while they are open, longest due first', async () => {
    const store = await open()
    const acme = booksWithHolds('acme', [two, undefined, noon, noon])
    acme.do('VoidHold', { holdId: '5', reason: 'not needed' })
    const beta = booksWithHolds('beta', [one])
    await project(store, acme.events)
    await project(store, beta.events)
    const [first, second, third] = [
      { ledgerId: 'acme', holdId: '6', expiresAt: noon },
      { ledgerId: 'beta', holdId: '3', expiresAt: one },
      { ledgerId: 'acme', holdId: '3', expiresAt: two },
    ]
    expect(await dueHolds(store, '2026-03-02T11:59:59.999Z', { limit: 10 })).toEqual([])
    expect(await dueHolds(store, noon, { limit: 10 })).toEqual([first])
    expect(await dueHolds(store, '2026-03-03T00:00:00.000Z', { limit: 10 })).toEqual([
      first,
      second,
      third,
    ])
    expect(await dueHolds(store, '2026-03-03T00:00:00.000Z', { limit: 2 })).toEqual([first, second])
    const next = { limit: 2, after: second }
    expect(await dueHolds(store, '2026-03-03T00:00:00.000Z', next)).toEqual([third])
    acme.do('ExpireHold', { holdId: '6' }, { recordedAt: noon })
    await project(store, acme.events)
    expect(await dueHolds(store, noon, { limit: 10 })).toEqual([])
  })

  it('are none before anything was stored', async () => {
    expect(await dueHolds(await open(), noon, { limit: 10 })).toEqual([])
  })
})

/** Holds at revisions 3, 4, … with these expiries. */
function booksWithHolds(ledgerId: string, expiries: readonly (string | undefined)[]): Books {
  const books = new Books(ledgerId)
  books.do('OpenLedger', { ledgerId, name: ledgerId, assets: [{ asset: 'USD/2' }] })
  books.do('OpenAccount', { accountId: 'a', type: 'equity' })
  books.do('OpenAccount', { accountId: 'b', type: 'equity' })
  for (const expiresAt of expiries) {
    const postings = [postingOf('a -> b 5')]
    books.do('PlaceHold', { postings, ...(expiresAt !== undefined && { expiresAt }) })
  }
  return books
}
