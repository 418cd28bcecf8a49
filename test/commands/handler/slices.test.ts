import { describe, expect, it } from 'vitest'
import { systemPace } from '#ports/pace.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { SettableClock } from '#test/support/settable-clock.ts'
import {
  depositing,
  item,
  openAcme,
  openedBooks,
  type WriteSide,
} from '#test/support/write-side.ts'
import type { JsonObject } from '#values/json.ts'

const others = { ledgerId: 'other' }
const many = Array.from({ length: 60 }, (_, index) => `${index}`)

/** Every look at it takes 4 ms: as if each command took as long to decide. */
class SlowClock extends SettableClock {
  override monotonic(): number {
    this.pass(4)
    return super.monotonic()
  }
}

/** A memory store that answers in a later turn. */
class LateStore extends MemoryEventStore {
  override async readStream(...asked: Parameters<MemoryEventStore['readStream']>) {
    await systemPace.turn()
    return super.readStream(...asked)
  }
}

describe('long work about one ledger', () => {
  it.each([
    ['a dry run of a batch', (side: WriteSide) => side.rehearseBatch('independent', deposits)],
    ['many dry runs', (side: WriteSide) => Promise.all(many.map(() => tryOut(side)))],
    ['many replays', (side: WriteSide) => Promise.all(many.map((key) => name(side, key)))],
  ])('lets commands about others go in between: %s', async (_, work) => {
    await using side = await openedSlowly()
    for (const key of many) await name(side, key)
    const done: string[] = []
    const worked = work(side).then(() => done.push('long'))
    await systemPace.turn()
    const asked = side.ask('ChangeLedger', { name: 'x' }, others).then(() => done.push('short'))
    await Promise.all([worked, asked])
    expect(done).toEqual(['short', 'long'])
  })

  it('lets commands about the same one go between two dry runs', async () => {
    await using side = await openedSlowly()
    const done: string[] = []
    const worked = Promise.all(many.map(() => tryOut(side))).then(() => done.push('long'))
    await systemPace.turn()
    const asked = side.ask('PostTransaction', depositing('1')).then(() => done.push('short'))
    await Promise.all([worked, asked])
    expect(done).toEqual(['short', 'long'])
  })

  it('has what comes meanwhile decided after it, on books without it', async () => {
    await using side = await openedSlowly()
    const rehearsed = side.rehearseBatch('independent', deposits)
    await systemPace.turn()
    await systemPace.turn()
    const posted = await side.ask('PostTransaction', depositing('1'))
    expect(posted).toMatchObject({ revision: 5n, data: { balances: [{ posted: '1' }, {}] } })
    const { items } = Object.assign({ items: [] }, await rehearsed)
    expect(items.at(-1)).toMatchObject({ data: { balances: [{ posted: '60' }, {}] } })
    expect(await side.types(5n)).toEqual(['TransactionPosted'])
  })
})

describe('replays of commands about one account', () => {
  it('read its history once, in however many rounds they come', async () => {
    const store = new LateStore()
    await using side = await openedBooks({ store })
    for (const key of many) await name(side, key)
    store.reads.length = 0
    const replays: Promise<unknown>[] = []
    for (const key of many.toReversed()) {
      replays.push(name(side, key))
      await systemPace.turn()
    }
    expect(await Promise.all(replays)).toHaveLength(many.length)
    expect(store.reads.length).toBeLessThan(4 * many.length)
  })

  it('read what of it is more than memory is for a second time', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    for (const letter of 'abcdef')
      for (const key of many) await name(side, letter + key, { note: letter.repeat(16_000) })
    const last = await name(side, 'last')
    store.reads.length = 0
    expect(await name(side, 'last')).toEqual({ ...last, replayed: true })
    const history = 1 + 6 * many.length
    expect(store.reads.length).toBeGreaterThan(history + many.length)
    expect(store.reads.length).toBeLessThan(2 * history)
  })
})

describe('an atomic batch', () => {
  it('is too large as soon as it is: what follows is not decided', async () => {
    await using side = await openedBooks()
    const note = 'x'.repeat(16_000)
    const large = item('PostTransaction', { ...depositing('1'), metadata: { note } })
    const refused = item('CloseAccount', { accountId: 'users:carol', reason: 'r' })
    const batch = [...Array.from({ length: 33 }, () => large), refused]
    expect(await side.askBatch('atomic', batch)).toMatchObject({ code: 'batch-too-large' })
    expect(await side.askBatch('atomic', batch.slice(5))).toMatchObject({
      code: 'account-not-found',
    })
  })
})

const deposits = many.map(() => item('PostTransaction', depositing('1')))

async function openedSlowly(): Promise<WriteSide> {
  const side = await openedBooks({ clock: new SlowClock() })
  await side.ask('OpenLedger', { ...openAcme, ledgerId: 'other' }, others)
  return side
}

function tryOut(side: WriteSide) {
  return side.rehearse('PostTransaction', depositing('1'))
}

function name(side: WriteSide, key: string, metadata: JsonObject = {}) {
  return side.ask(
    'SetMetadata',
    { accountId: 'users:bob', metadata: { key, ...metadata } },
    { key },
  )
}
