import { expect, it } from 'vitest'
import { describeEndToEnd } from '#test/end-to-end/engines.ts'
import { column, outcome } from '#test/end-to-end/test-books.ts'
import { openLiveLog } from '#test/support/http-client-events.ts'

describeEndToEnd('the log', (on) => {
  it('has every event by its revision, and says where it ends', async () => {
    const books = await on.books()
    const posted = await books.transact('bank:cash -> users:alice 5')
    const list = await books.get('/events')
    expect(column(list.at('data'), 'revision')).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
    expect(list.revision).toBe(posted.revision)
    const one = await books.get('/events/7')
    expect(one.at('data')).toEqual(list.at('data', 7))
    expect(one.at('data')).toMatchObject({
      ledgerId: books.ledgerId,
      type: 'TransactionPosted',
      schemaVersion: 1,
    })
    expect(outcome(await books.get('/events/8'))).toBe('404 event-not-found')
    expect(column((await books.get('/events?after=5')).at('data'), 'revision')).toEqual(['6', '7'])
    expect((await books.get('/events?after=7')).at('data')).toEqual([])
    expect((await books.get('/events?after=7')).at('page', 'next')).toBeNull()
  })

  it('is filtered by type and by account', async () => {
    const books = await on.books()
    await books.transacted('bank:cash -> users:alice 5')
    await books.held('users:alice -> users:bob 1')
    await books.post('/accounts/users:bob/freeze', { direction: 'all', reason: 'r' })
    await books.transact('users:alice -> users:bob 1')
    const types = async (query: string) => column(await books.all(`/events?${query}`), 'type')
    expect(await types('account=users:bob')).toEqual([
      'AccountOpened',
      'HoldPlaced',
      'AccountFrozen',
    ])
    expect(await types('types=HoldPlaced,CommandRejected')).toEqual([
      'HoldPlaced',
      'CommandRejected',
    ])
    expect(await types('types=HoldPlaced&account=bank:cash')).toEqual([])
    expect(await types('account=users:alice&after=7')).toEqual(['HoldPlaced'])
  })

  it('is followed live from its beginning, event by event as it is stored', async () => {
    const books = await on.books()
    using live = await openLiveLog(`${on.api.url}${books.path('/events')}`)
    await live.until(7)
    await books.transacted('bank:cash -> users:alice 5')
    const events = await live.until(8)
    expect(column(events, 'id')).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
    expect(column(events, 'data')).toEqual(await books.all('/events'))
    expect(column(events, 'type')).toEqual(column(column(events, 'data'), 'type'))
    expect(live.headers['content-type']).toMatch(/^text\/event-stream/)
  })

  it('is resumed after an event, by the header rather than by the query', async () => {
    const books = await on.books()
    const url = `${on.api.url}${books.path('/events?after=2')}`
    using fromQuery = await openLiveLog(url)
    expect(column(await fromQuery.until(4), 'id')).toEqual(['3', '4', '5', '6'])
    using resumed = await openLiveLog(url, { 'last-event-id': '5' })
    expect(column(await resumed.until(1), 'id')).toEqual(['6'])
    await books.transacted('bank:cash -> users:alice 5')
    expect(column(await resumed.until(2), 'id')).toEqual(['6', '7'])
  })

  it('is followed live through filters', async () => {
    const books = await on.books()
    const url = `${on.api.url}${books.path('/events')}`
    using posted = await openLiveLog(`${url}?types=TransactionPosted`)
    using bobs = await openLiveLog(`${url}?account=users:bob`)
    await books.transacted('bank:cash -> users:alice 5')
    await books.transacted('bank:cash -> users:bob 6')
    await books.transacted('users:alice -> users:bob 1')
    expect(column(await posted.until(3), 'type')).toEqual([
      'TransactionPosted',
      'TransactionPosted',
      'TransactionPosted',
    ])
    expect(column(await bobs.until(3), 'type')).toEqual([
      'AccountOpened',
      'TransactionPosted',
      'TransactionPosted',
    ])
  })

  it('is refused live for a ledger that is not there and for a resumption that is none', async () => {
    const accept = { accept: 'text/event-stream' }
    expect(outcome(await on.api.get('/v1/ledgers/nowhere/events', accept))).toBe(
      '404 ledger-not-found',
    )
    const books = await on.books()
    const refused = await on.api.get(books.path('/events'), { ...accept, 'last-event-id': 'x' })
    expect(outcome(refused)).toBe('400 validation-failed')
  })

  it('keeps the order that many clients see, and every one of them the same', async () => {
    const books = await on.books()
    const url = `${on.api.url}${books.path('/events')}`
    const lives = await Promise.all(Array.from({ length: 5 }, () => openLiveLog(url)))
    await Promise.all(
      Array.from({ length: 200 }, () => books.transacted('bank:cash -> users:alice 1')),
    )
    for (const live of lives) {
      expect(column(await live.until(207), 'id')).toEqual(
        Array.from({ length: 207 }, (_, index) => `${index}`),
      )
      live[Symbol.dispose]()
    }
  })
})
