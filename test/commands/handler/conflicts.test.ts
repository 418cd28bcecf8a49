import { describe, expect, it } from 'vitest'
import type { Outcome } from '#commands/handler/outcome.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import {
  depositing,
  item,
  moving,
  openAcme,
  openedBooks,
  paying,
  WriteSide,
} from '#test/support/write-side.ts'

/** Two processes on one log; the second has seen all that the first wrote. */
async function twoWriters() {
  const store = new MemoryEventStore()
  const first = await openedBooks({ store })
  const second = new WriteSide({ store, clock: first.clock })
  await second.ask('PostTransaction', depositing('100'), { key: 'first deposit' })
  await first.ask('PostTransaction', depositing('100'), { key: 'second deposit' })
  const dispose = async () => {
    await first[Symbol.asyncDispose]()
    await second[Symbol.asyncDispose]()
  }
  return { store, first, second, [Symbol.asyncDispose]: dispose }
}

/** A log whose answers are some time on their way. */
class DistantStore extends MemoryEventStore {
  /** Called once, when the next page was read and has not arrived yet. */
  onTheWay: (() => Promise<void>) | undefined

  override async readStream(
    stream: string,
    from: bigint,
    limit: number,
  ): Promise<readonly StoredEvent[]> {
    const page = await super.readStream(stream, from, limit)
    const meanwhile = this.onTheWay
    this.onTheWay = undefined
    await meanwhile?.()
    return page
  }
}

describe('a writer that is asked while what it read of the log is on its way', () => {
  it('tries out on what was stored before it was asked', async () => {
    const store = new DistantStore()
    await using first = await openedBooks({ store })
    await using second = new WriteSide({ store, clock: first.clock })
    await second.ask('PostTransaction', depositing('1'))
    const asked = Promise.withResolvers<unknown>()
    store.onTheWay = async () => {
      await first.ask('PostTransaction', depositing('99'))
      asked.resolve(second.rehearse('PostTransaction', paying('100')))
    }
    await second.rehearse('PostTransaction', paying('1'))
    expect(await asked.promise).toMatchObject({ kind: 'accepted' })
  })

  it('finds the ledger that was opened before it was asked', async () => {
    const store = new DistantStore()
    await using first = new WriteSide({ store })
    await using second = new WriteSide({ store, clock: first.clock })
    const asked = Promise.withResolvers<unknown>()
    store.onTheWay = async () => {
      await first.ask('OpenLedger', openAcme)
      asked.resolve(second.ask('RegisterAsset', { asset: 'CHF/2' }))
    }
    expect(await second.ask('RegisterAsset', { asset: 'CHF/2' })).toMatchObject({
      code: 'ledger-not-found',
    })
    expect(await asked.promise).toMatchObject({ kind: 'accepted' })
  })
})

describe('a writer that was overtaken', () => {
  it('reads what the other wrote and decides again', async () => {
    await using writers = await twoWriters()
    await writers.second.ask('PostTransaction', paying('150'))
    const outcome = await writers.first.ask('PostTransaction', paying('51'))
    expect(outcome).toMatchObject({
      kind: 'refused',
      code: 'insufficient-funds',
      context: { available: '50', required: '51' },
      revision: 8n,
    })
  })

  it('tries out on what the other wrote', async () => {
    await using writers = await twoWriters()
    await writers.second.ask('PostTransaction', paying('150'))
    expect(await writers.first.rehearse('PostTransaction', paying('51'))).toMatchObject({
      code: 'insufficient-funds',
      context: { available: '50' },
    })
    await writers.second.ask('OpenAccount', { accountId: 'users:carol', type: 'liability' })
    const commands = [item('PostTransaction', moving('users:alice', 'users:carol', '50'))]
    expect(await writers.first.rehearseBatch('atomic', commands)).toMatchObject({ kind: 'batch' })
  })

  it('expires a hold that the other placed, and leaves one alone that the other ended', async () => {
    await using writers = await twoWriters()
    const { first, second } = writers
    const expiresAt = '2026-03-01T12:10:00.000Z'
    await first.ask('PlaceHold', { ...paying('1'), expiresAt })
    await second.ask('PlaceHold', { ...paying('1'), expiresAt })
    await second.ask('VoidHold', { holdId: '7', reason: 'r' })
    first.clock.pass(600_000)
    const expire = (holdId: string) =>
      first.ask('ExpireHold', { holdId }, { key: `daybook:expire:${holdId}:${expiresAt}` })
    expect(await expire('8')).toMatchObject({ event: 'HoldExpired', revision: 10n })
    expect(await expire('7')).toMatchObject({ code: 'not-due' })
  })

  it('reads no more than it does not know yet', async () => {
    await using writers = await twoWriters()
    await writers.second.ask('PostTransaction', depositing('1'))
    const before = writers.store.reads.length
    await writers.first.ask('PostTransaction', depositing('1'))
    expect(writers.store.reads.slice(before).filter((from) => from < 7n)).toEqual([])
    writers.store.faults.push({ kind: 'unavailable' })
    await writers.first.ask('PostTransaction', depositing('1'))
    await writers.first.ask('PostTransaction', depositing('1'))
    expect(writers.store.reads.slice(before).filter((from) => from < 7n)).toEqual([])
  })

  it('does so in the middle of an append too', async () => {
    await using writers = await twoWriters()
    const by = () => writers.second.ask('PostTransaction', paying('200'))
    writers.store.faults.push({ kind: 'overtaken', by })
    const outcome = await writers.first.ask('PostTransaction', paying('1'))
    expect(outcome).toMatchObject({ code: 'insufficient-funds', context: { available: '0' } })
    expect(await writers.first.types(5n)).toEqual([
      'TransactionPosted',
      'TransactionPosted',
      'TransactionPosted',
      'CommandRejected',
    ])
  })

  it('decides again in the order of arrival, before what came meanwhile', async () => {
    await using writers = await twoWriters()
    const { first, second, store } = writers
    const answers: Promise<Outcome>[] = []
    const ask = (amount: string) => answers.push(first.ask('PostTransaction', paying(amount)))
    const by = () => {
      ask('3')
      return second.ask('PostTransaction', depositing('1'))
    }
    store.faults.push({ kind: 'overtaken', by })
    for (const amount of ['1', '2']) ask(amount)
    await expect.poll(() => answers.length).toBe(3)
    const outcomes = await Promise.all(answers)
    expect(outcomes.map(({ revision }) => revision)).toEqual([8n, 9n, 10n])
  })
  it('is refused by none of them, as long as it gets on in between', async () => {
    await using writers = await twoWriters()
    const { first, second, store } = writers
    for (let conflict = 0; conflict < 25; conflict += 1) {
      store.faults.push({ kind: 'overtaken', by: () => second.ask('PostTransaction', paying('1')) })
      expect(await first.ask('PostTransaction', paying('1'))).toMatchObject({ kind: 'accepted' })
    }
  })

  it('takes its own time from the other’s event on: it never goes back', async () => {
    await using writers = await twoWriters()
    writers.first.clock.setWall('2026-03-01T12:04:00.000Z')
    await writers.second.ask('PostTransaction', depositing('1'))
    writers.first.clock.setWall('2026-03-01T12:00:00.000Z')
    await writers.first.ask('PostTransaction', depositing('1'))
    expect((await writers.first.events()).at(-1)?.recordedAt).toBe('2026-03-01T12:04:00.000Z')
  })

  it('answers what the other’s outcome was, where the key is the same', async () => {
    await using writers = await twoWriters()
    const theirs = await writers.second.ask('PostTransaction', paying('7'), { key: 'one' })
    const ours = await writers.first.ask('PostTransaction', paying('7'), { key: 'one' })
    expect(ours).toEqual({ ...theirs, replayed: true })
    expect(await writers.first.types(7n)).toEqual(['TransactionPosted'])
  })

  it('finds that another opened the ledger', async () => {
    const store = new MemoryEventStore()
    await using first = new WriteSide({ store })
    await using second = new WriteSide({ store })
    const by = () => second.ask('OpenLedger', openAcme)
    store.faults.push({ kind: 'overtaken', by })
    const outcome = await first.ask('OpenLedger', openAcme)
    expect(outcome).toMatchObject({ code: 'ledger-exists', status: 409 })
    expect(await first.types()).toEqual(['LedgerOpened'])
  })
})

describe('a writer that is overtaken again and again', () => {
  it('gives up after a while: 503, nothing written', async () => {
    const store = new MemoryEventStore()
    await using winner = await openedBooks({ store })
    await winner.ask('PostTransaction', depositing('100'))
    let contested = true
    const overtake = () => (contested ? winner.ask('PostTransaction', depositing('1')) : undefined)
    await using loser = new WriteSide({ store: overtaking(store, overtake), clock: winner.clock })
    const outcome = await loser.ask('PostTransaction', paying('1'), { key: 'unlucky' })
    expect(outcome).toMatchObject({ code: 'overloaded', status: 503, retryAfterSeconds: 1 })
    expect(outcome.revision).toBeUndefined()
    expect(
      (await winner.events()).filter(({ idempotency }) => idempotency.key === 'unlucky'),
    ).toEqual([])
    contested = false
    const again = await loser.ask('PostTransaction', paying('1'), { key: 'unlucky' })
    expect(again).toMatchObject({ kind: 'accepted', replayed: false })
  })
})

/** A view of a store on which something else always happens first. */
function overtaking(
  store: MemoryEventStore,
  first: () => Promise<unknown> | undefined,
): EventStore {
  return {
    append: async (stream, events, expected) => {
      await first()
      return store.append(stream, events, expected)
    },
    readStream: (stream, from, limit) => store.readStream(stream, from, limit),
    head: (stream) => store.head(stream),
    readAll: (after, limit) => store.readAll(after, limit),
    end: () => store.end(),
    check: () => store.check(),
    failed: store.failed,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

describe('two writers at once', () => {
  it('lose nothing and write nothing twice', async () => {
    await using writers = await twoWriters()
    const asked = Array.from({ length: 60 }, (_, index) =>
      (index % 2 === 0 ? writers.first : writers.second).ask('PostTransaction', paying('1'), {
        key: `payment ${Math.floor(index / 2)}`,
      }),
    )
    const outcomes = await Promise.all(asked)
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true)
    const events = (await writers.first.events()).slice(7)
    expect(events).toHaveLength(30)
    expect(new Set(events.map(({ idempotency }) => idempotency.key)).size).toBe(30)
  })
})
