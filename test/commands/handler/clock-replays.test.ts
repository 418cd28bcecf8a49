import { describe, expect, it } from 'vitest'
import { SettableClock } from '#test/support/settable-clock.ts'
import {
  asAnswered,
  depositing,
  item,
  openAcme,
  openedBooks,
  paying,
  WriteSide,
} from '#test/support/write-side.ts'

const jumped = { kind: 'refused', code: 'clock-jumped', status: 503, replayed: false }
const yearLater = '2027-03-01T12:00:00.000Z'
const deposit = (amount: string, key?: string) => item('PostTransaction', depositing(amount), key)

describe('while the clock is not believed, a command whose key was used', () => {
  it('has its first outcome, accepted or refused, and new ones are refused', async () => {
    await using side = await openedBooks()
    const first = await side.ask('PostTransaction', depositing('5'), { key: 'in' })
    const refused = await side.ask('PostTransaction', paying('6'), { key: 'out' })
    expect(refused).toMatchObject({ code: 'insufficient-funds', revision: 6n })
    side.clock.setWall(yearLater)
    const [anew, again, refusedAgain, opened] = await Promise.all([
      side.ask('PostTransaction', depositing('5')),
      side.ask('PostTransaction', depositing('5'), { key: 'in' }),
      side.ask('PostTransaction', paying('6'), { key: 'out' }),
      side.ask('OpenLedger', openAcme, { key: 'open-acme' }),
    ])
    expect(anew).toMatchObject(jumped)
    expect(again).toEqual({ ...first, replayed: true })
    expect(refusedAgain).toEqual({ ...refused, replayed: true })
    expect(opened).toMatchObject({ kind: 'accepted', revision: 0n, replayed: true })
    expect(await side.events()).toHaveLength(7)
  })

  it('has it in a fresh process, and of a clock that is behind, too', async () => {
    await using side = await openedBooks()
    const first = await side.ask('PostTransaction', depositing('5'), { key: 'in' })
    const clock = new SettableClock('2026-02-01T00:00:00.000Z')
    await using late = new WriteSide({ store: side.store, clock })
    expect(await late.ask('PostTransaction', depositing('5'), { key: 'in' })).toEqual({
      ...first,
      replayed: true,
    })
    expect(await late.ask('PostTransaction', depositing('5'))).toMatchObject(jumped)
  })

  it('has it where another process has just used it', async () => {
    await using side = await openedBooks()
    await using other = new WriteSide({ store: side.store })
    const first = await other.ask('PostTransaction', depositing('5'), { key: 'in' })
    side.clock.setWall(yearLater)
    expect(await side.ask('PostTransaction', depositing('5'), { key: 'in' })).toEqual({
      ...first,
      replayed: true,
    })
  })

  it('does not have it by a command that was refused itself', async () => {
    await using side = await openedBooks()
    side.clock.setWall(yearLater)
    const batches = ['K', 'L'].map((key) =>
      side.askBatch('independent', [deposit('1', 'own')], { key }),
    )
    for (const batch of batches) expect(await batch).toMatchObject({ items: [jumped] })
    side.bus.confirmClock()
    const done = await side.ask('PostTransaction', depositing('1'), { key: 'own' })
    expect(done).toMatchObject({ kind: 'accepted', replayed: false })
  })

  it('is a mismatch where the request is another one', async () => {
    await using side = await openedBooks()
    await side.ask('PostTransaction', depositing('5'), { key: 'in' })
    side.clock.setWall(yearLater)
    const other = await side.ask('PostTransaction', depositing('6'), { key: 'in' })
    expect(other).toMatchObject({ code: 'idempotency-key-mismatch', status: 422 })
  })
})

describe('while the clock is not believed, a batch', () => {
  it('that was done is answered as the first time, atomic or not, also in a fresh process', async () => {
    await using side = await openedBooks()
    const commands = [deposit('1'), deposit('2', 'own')]
    const together = await side.askBatch('atomic', [deposit('3'), deposit('4')], { key: 'A' })
    const each = await side.askBatch('independent', [...commands, 'nonsense'], { key: 'I' })
    side.clock.setWall('2026-01-01T00:00:00.000Z')
    await using restarted = new WriteSide({ store: side.store, clock: side.clock })
    for (const writer of [side, restarted]) {
      const again = [
        await writer.askBatch('atomic', [deposit('3'), deposit('4')], { key: 'A' }),
        await writer.askBatch('independent', [...commands, 'nonsense'], { key: 'I' }),
      ]
      expect(again.map(asAnswered)).toEqual([together, each].map(asAnswered))
      expect(again).toMatchObject([{ replayed: true }, { replayed: true }])
    }
  })

  it('that is independent answers what is known of it, item by item', async () => {
    await using side = await openedBooks()
    const first = await side.ask('PostTransaction', depositing('1'), { key: 'own' })
    side.clock.setWall(yearLater)
    const commands = [deposit('1', 'own'), deposit('2'), deposit('9', 'own'), 'nonsense']
    const outcome = await side.askBatch('independent', commands, { key: 'K' })
    expect(outcome).toMatchObject({
      kind: 'batch',
      items: [
        { ...first, replayed: true },
        jumped,
        { code: 'idempotency-key-mismatch' },
        { malformed: [{ pointer: '' }] },
      ],
    })
    expect(await side.events()).toHaveLength(6)
  })

  it('that is new is refused: all of an atomic one, each item of another', async () => {
    await using side = await openedBooks()
    side.clock.setWall(yearLater)
    expect(await side.askBatch('atomic', [deposit('1')])).toMatchObject(jumped)
    expect(await side.askBatch('independent', [deposit('1')])).toMatchObject({ items: [jumped] })
    await using fresh = new WriteSide({
      store: side.store,
      clock: new SettableClock('2026-01-01T00:00:00.000Z'),
    })
    expect(await fresh.askBatch('independent', [deposit('1')])).toMatchObject({ items: [jumped] })
  })

  it('and a command are refused as dry runs, whatever was done', async () => {
    await using side = await openedBooks()
    await side.ask('PostTransaction', depositing('1'), { key: 'own' })
    side.clock.setWall(yearLater)
    const dry = await side.rehearse('PostTransaction', depositing('1'), { key: 'own' })
    expect(dry).toMatchObject(jumped)
    expect(await side.rehearseBatch('independent', [deposit('1', 'own')])).toMatchObject(jumped)
    expect(await side.bus.dueHolds('acme', yearLater)).toMatchObject(jumped)
  })
})
