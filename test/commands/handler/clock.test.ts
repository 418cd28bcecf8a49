import { describe, expect, it } from 'vitest'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { SettableClock } from '#test/support/settable-clock.ts'
import { depositing, openAcme, openedBooks, paying, WriteSide } from '#test/support/write-side.ts'

const hourMs = 3_600_000
const jumped = { kind: 'refused', code: 'clock-jumped', status: 503 }

describe('a wall clock that goes back', () => {
  it('does not take recordedAt with it', async () => {
    await using side = await openedBooks()
    side.clock.pass(60_000)
    await side.ask('PostTransaction', depositing('1'))
    side.clock.setWall('2026-03-01T12:00:30.000Z')
    await side.ask('PostTransaction', depositing('1'))
    const times = (await side.events()).slice(5).map(({ recordedAt }) => recordedAt)
    expect(times).toEqual(['2026-03-01T12:01:00.000Z', '2026-03-01T12:01:00.000Z'])
  })

  it('is not believed more than five minutes behind the last event', async () => {
    await using side = await openedBooks()
    side.clock.setWall('2026-03-01T11:55:00.000Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject({ kind: 'accepted' })
    side.clock.setWall('2026-03-01T11:54:59.999Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
    expect(await side.rehearse('PostTransaction', depositing('1'))).toMatchObject(jumped)
    expect(await side.types(6n)).toEqual([])
  })

  it('is believed again once it is right, or an operator says so', async () => {
    await using side = await openedBooks()
    side.clock.setWall('2026-03-01T11:00:00.000Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
    side.clock.setWall('2026-03-01T12:00:00.000Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject({ kind: 'accepted' })
    side.clock.setWall('2026-03-01T11:00:00.000Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
    side.bus.confirmClock()
    await side.ask('PostTransaction', depositing('1'))
    expect((await side.events()).at(-1)?.recordedAt).toBe('2026-03-01T12:00:00.000Z')
  })

  it('is found out by a fresh process from the last event', async () => {
    await using side = await openedBooks()
    await using late = new WriteSide({
      store: side.store,
      clock: new SettableClock('2026-02-01T00:00:00.000Z'),
    })
    expect(await late.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
  })
})

describe('a wall clock that runs ahead of the monotonic one', () => {
  it('is believed up to a day: a laptop sleeps', async () => {
    await using side = await openedBooks()
    side.clock.setWall('2026-03-02T12:00:00.000Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject({ kind: 'accepted' })
  })

  it('is not believed beyond a day, for any ledger, until confirmed', async () => {
    await using side = await openedBooks()
    side.clock.setWall('2027-03-01T12:00:00.000Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
    expect(
      await side.ask('OpenLedger', { ...openAcme, ledgerId: 'other' }, { ledgerId: 'other' }),
    ).toMatchObject(jumped)
    side.bus.confirmClock()
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject({ kind: 'accepted' })
    expect((await side.events()).at(-1)?.recordedAt).toBe('2027-03-01T12:00:00.000Z')
  })

  it('is believed again once it is right', async () => {
    await using side = await openedBooks()
    side.clock.setWall('2027-03-01T12:00:00.000Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
    side.clock.setWall('2026-03-01T12:00:01.000Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject({ kind: 'accepted' })
  })

  it('is not mistaken for time that passed', async () => {
    await using side = await openedBooks()
    side.clock.pass(400 * 24 * hourMs)
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject({ kind: 'accepted' })
  })

  it('does not creep ahead either: each reading starts from the last', async () => {
    await using side = await openedBooks()
    side.clock.setWall('2026-03-02T11:00:00.000Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject({ kind: 'accepted' })
    side.clock.pass(hourMs)
    expect(await side.ask('PostTransaction', paying('1'))).toMatchObject({ kind: 'accepted' })
  })
})

describe('an operator', () => {
  const refused =
    'commands are refused: the clock is not believed; put it right, or confirm it with SIGUSR2 where it is right'
  const over = 'commands are taken: the clock is believed again'

  async function watched() {
    const { logger, lines } = recordingLogger()
    const side = await openedBooks({ logger })
    return {
      side,
      told: () => lines.map(({ level, message }) => `${level}: ${message}`),
      fields: () => lines.map(({ fields }) => fields),
      [Symbol.asyncDispose]: () => side[Symbol.asyncDispose](),
    }
  }

  it('is told of a clock that is not believed, in full once and then at most once a second', async () => {
    await using at = await watched()
    const { side } = at
    expect(side.bus.believesClock()).toBe(true)
    side.clock.setWall('2027-03-01T12:00:00.000Z')
    expect(side.bus.believesClock()).toBe(false)
    expect(at.told()).toEqual([])
    for (let time = 0; time < 20; time += 1)
      expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
    side.clock.pass(1_000)
    await side.ask('OpenLedger', { ...openAcme, ledgerId: 'other' }, { ledgerId: 'other' })
    expect(at.told()).toEqual([`error: ${refused}`, `error: ${refused}`])
    const detail = 'the wall clock ran ahead of the monotonic clock by more than a day'
    expect(at.fields()).toEqual([
      { err: 'clock-jumped', detail, clock: '2027-03-01T12:00:00.000Z', ledgerId: 'acme' },
      {
        reason: 'clock-jumped',
        times: 20,
        detail,
        clock: '2027-03-01T12:00:01.000Z',
        ledgerId: 'other',
      },
    ])
  })

  it('is told once that it is right again', async () => {
    await using at = await watched()
    const { side } = at
    side.clock.setWall('2027-03-01T12:00:00.000Z')
    await side.ask('PostTransaction', depositing('1'))
    side.clock.setWall('2026-03-01T12:00:01.000Z')
    for (let time = 0; time < 3; time += 1) await side.ask('PostTransaction', depositing('1'))
    expect(at.told()).toEqual([`error: ${refused}`, `warn: ${over}`])
    expect(side.bus.believesClock()).toBe(true)
  })

  it('is told so once it is confirmed', async () => {
    await using at = await watched()
    const { side } = at
    side.clock.setWall('2027-03-01T12:00:00.000Z')
    await side.ask('PostTransaction', depositing('1'))
    side.bus.confirmClock()
    expect(at.told()).toEqual([`error: ${refused}`, `warn: ${over}`])
  })

  it('is not told that it is over while one of several ledgers is far ahead', async () => {
    await using at = await watched()
    const { side } = at
    side.clock.pass(600_000)
    await side.ask('PostTransaction', depositing('1'))
    side.clock.setWall('2026-03-01T12:00:00.000Z')
    await side.ask('PostTransaction', depositing('1'))
    const other = { ...openAcme, ledgerId: 'other' }
    const opened = await side.ask('OpenLedger', other, { ledgerId: 'other' })
    expect(opened).toMatchObject({ kind: 'accepted' })
    expect(at.told()).toEqual([`error: ${refused}`])
    expect(side.bus.believesClock()).toBe(false)
    side.clock.pass(300_000)
    expect(side.bus.believesClock()).toBe(true)
    expect(at.told()).toEqual([`error: ${refused}`, `warn: ${over}`])
  })
})
