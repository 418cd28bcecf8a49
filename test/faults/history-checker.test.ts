import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Attempt, checkHistory, readLedger } from '#test/support/history-checker.ts'
import type { LoggedEvent } from '#test/support/history-checker-events.ts'
import { checkReadModels, type ShownModels } from '#test/support/history-checker-read-models.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

const ledgerId = 'checked'

/** The checker is only worth something if it fails where it should. */
describe('the history checker', () => {
  const opened = new AsyncDisposableStack()
  let events: readonly LoggedEvent[] = []
  let attempts: readonly Attempt[] = []
  let shown: ShownModels

  beforeAll(async () => {
    const folder = opened.use(await temporaryFolder())
    const program = opened.use(await startProgram(folder.path))
    const api = opened.use(new ApiClient(program.url))
    const load = new Load([ledgerId])
    await load.prepare(api)
    const stop = new AbortController()
    const running = load.run(api, stop.signal, 4)
    await load.acknowledges(300, 20_000)
    stop.abort()
    await running
    attempts = load.attempts
    ;({ events, shown } = await readLedger(api, ledgerId))
  }, 60_000)

  afterAll(() => opened.disposeAsync())

  const posted = () => {
    const index = events.findLastIndex(({ type }) => type === 'TransactionPosted')
    const event = events[index]
    if (event === undefined) throw new Error('the load posted nothing')
    return { index, event }
  }
  const replaced = (index: number, change: Partial<LoggedEvent>) =>
    events.map((event, at) => (at === index ? { ...event, ...change } : event))

  it('finds nothing where there is nothing', () => {
    expect(events.length).toBeGreaterThan(200)
    expect(checkHistory(events, attempts)).toEqual([])
    expect(checkReadModels(events, shown)).toEqual([])
  })

  it('finds an acknowledged command that is lost at the end', () => {
    const lost = events.slice(0, posted().index)
    expect(checkHistory(lost, attempts).join()).toMatch(/acknowledged with 201 and is lost/)
  })

  it('finds a gap', () => {
    expect(checkHistory(events.toSpliced(-2, 1), attempts).join()).toMatch(/a gap/)
  })

  it('finds an effect that is there twice', () => {
    const again = { ...posted().event, revision: `${events.length}`, recordedAt: '9999' }
    expect(checkHistory([...events, again], attempts).join()).toMatch(/has two effects/)
  })

  it('finds an event that nobody asked for', () => {
    const { event, index } = posted()
    const idempotency = { ...event.idempotency, key: 'nobody' }
    expect(checkHistory(replaced(index, { idempotency }), attempts).join()).toMatch(
      /nothing was sent/,
    )
  })

  it('finds an event that says something else than was asked', () => {
    const { event, index } = posted()
    const idempotency = { ...event.idempotency, fingerprint: '0'.repeat(64) }
    expect(checkHistory(replaced(index, { idempotency }), attempts).join()).toMatch(/fingerprint/)
  })

  it('finds an event at another place than was said', () => {
    const known = attempts.findLast(({ commands, acknowledged }) => {
      return commands.length === 1 && acknowledged?.status === 201 && acknowledged.revision !== 1n
    })
    const moved = attempts.map((attempt) =>
      attempt === known && attempt.acknowledged !== undefined
        ? { ...attempt, acknowledged: { ...attempt.acknowledged, revision: 1n } }
        : attempt,
    )
    expect(checkHistory(events, moved).join()).toMatch(/acknowledged at revision 1/)
  })

  it('finds an accepted command that the log refused, and the other way round', () => {
    const told = (status: number) =>
      attempts.map((attempt) =>
        attempt.acknowledged?.status === status && attempt.commands.length === 1
          ? {
              ...attempt,
              acknowledged: {
                ...attempt.acknowledged,
                status: status === 201 ? 422 : 201,
                outcomes: [status === 201 ? 422 : 201],
              },
            }
          : attempt,
      )
    expect(checkHistory(events, told(201)).join()).toMatch(/answered with 422, the log has a/)
    expect(checkHistory(events, told(422)).join()).toMatch(
      /answered with 201, the log has a CommandRejected/,
    )
  })

  it('finds money that came from nowhere', () => {
    const { event, index } = posted()
    const postings = event.data.postings?.map((posting) => ({
      ...posting,
      amount: `${posting.amount}0`,
    }))
    const data = { ...event.data, postings }
    expect(checkHistory(replaced(index, { data }), attempts).join()).toMatch(/is \d+, not \d+/)
  })

  it('finds a limit that was broken', () => {
    const opening = events.findIndex(
      ({ type, data }) => type === 'AccountOpened' && data.type === 'liability',
    )
    const event = events[opening]
    const data = { ...event?.data, limits: { min: '0', max: '1' } }
    expect(checkHistory(replaced(opening, { data }), attempts).join()).toMatch(
      /may reach \d+, above 1/,
    )
  })

  it('finds time that runs backwards', () => {
    const recordedAt = '2000-01-01T00:00:00.000Z'
    expect(checkHistory(replaced(posted().index, { recordedAt }), attempts).join()).toMatch(
      /recorded before/,
    )
  })

  it('finds a reservation that no hold holds', () => {
    const placed = events.findIndex(({ type }) => type === 'HoldPlaced')
    const data = { ...events[placed]?.data, postings: [] }
    expect(checkHistory(replaced(placed, { data }), attempts)).not.toEqual([])
  })

  it('finds every kind of read model that was tampered with', () => {
    const [account, transaction, hold, command, entry] = [
      shown.accounts,
      shown.transactions,
      shown.holds,
      shown.commands,
      shown.entries,
    ].map((list) => Object(list[0]))
    const tampered: Partial<ShownModels>[] = [
      { accounts: [{ ...account, status: 'closed' }, ...shown.accounts.slice(1)] },
      { accounts: shown.accounts.slice(1) },
      { transactions: [{ ...transaction, description: 'x' }, ...shown.transactions.slice(1)] },
      { transactions: [...shown.transactions, transaction] },
      { holds: [{ ...hold, status: 'gone' }, ...shown.holds.slice(1)] },
      { commands: [{ ...command, actor: 'x' }, ...shown.commands.slice(1)] },
      { commands: shown.commands.toReversed() },
      { entries: [{ ...entry, balance: '1' }, ...shown.entries.slice(1)] },
      { ledger: { ...Object(shown.ledger), revision: '0' } },
      { trialBalance: { ...Object(shown.trialBalance), assets: [] } },
    ]
    for (const change of tampered)
      expect(checkReadModels(events, { ...shown, ...change })).not.toEqual([])
  })
})
