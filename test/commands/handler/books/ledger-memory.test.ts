import { describe, expect, it } from 'vitest'
import { ledgerStream } from '#events/stream-names.ts'
import { keepingIn, nothingStays } from '#test/support/keeping.ts'
import { MemoryBooksCache } from '#test/support/memory-books-cache.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { asAnswered, depositing, openedBooks, paying, WriteSide } from '#test/support/write-side.ts'

const deposits = 20

/** A ledger with a few deposits under known keys, which begin with a letter, kept up to its head. */
async function aKeptLedger(letter = 'k') {
  const store = new MemoryEventStore()
  const cache = new MemoryBooksCache()
  const answers = new Map<string, string>()
  await using side = await openedBooks({ store })
  for (let index = 0; index < deposits; index += 1) {
    const members = { ...depositing('7'), externalReference: `r${index}` }
    const key = `${letter}${index}`
    answers.set(key, asAnswered(await side.ask('PostTransaction', members, { key })))
  }
  const head = await store.head(ledgerStream('acme'))
  if (head === 'no-stream') throw new Error('nothing was stored')
  await keepingIn(cache, store).keeper.keep('acme', head)
  return { store, cache, answers, head }
}

type Kept = Awaited<ReturnType<typeof aKeptLedger>>

/** Starts anew with what was kept, and asks everything again; answers the log lines. */
async function startAnew({ store, cache, answers }: Kept, intervalEvents = 1_000) {
  const { logger, lines } = recordingLogger()
  const keeping = keepingIn(cache, store, { intervalEvents, logger })
  await using side = new WriteSide({ store, keeping, logger })
  for (const [key, answer] of answers) {
    const index = key.slice(1)
    const members = { ...depositing('7'), externalReference: `r${index}` }
    const again = await side.ask('PostTransaction', members, { key })
    expect(asAnswered(again)).toBe(answer)
    expect(again.replayed).toBe(true)
    const taken = await side.ask('PostTransaction', members)
    expect(taken).toMatchObject({ code: 'external-reference-exists' })
  }
  const balance = deposits * 7
  expect(await side.ask('PostTransaction', paying(String(balance + 1)))).toMatchObject({
    code: 'insufficient-funds',
  })
  expect(await side.ask('PostTransaction', paying(String(balance)))).toMatchObject({
    kind: 'accepted',
  })
  return lines.map(({ level, message }) => `${level}: ${message}`)
}

describe('a start with books that were kept', () => {
  it('reads no event before the snapshot but the one that binds it to the log', async () => {
    const kept = await aKeptLedger()
    await using side = new WriteSide({ ...kept, keeping: keepingIn(kept.cache, kept.store) })
    kept.store.reads.length = 0
    await side.ask('PostTransaction', depositing('1'))
    expect(kept.store.reads).toEqual([kept.head, kept.head + 1n])
  })

  it('answers everything as the log would', async () => {
    expect(await startAnew(await aKeptLedger())).toEqual([])
  })

  it('does so where the log went on without being kept', async () => {
    const kept = await aKeptLedger()
    {
      await using side = new WriteSide({ store: kept.store })
      const members = { ...depositing('7'), externalReference: 'later' }
      await side.ask('PostTransaction', members, { key: 'x' })
    }
    await using side = new WriteSide({ ...kept, keeping: keepingIn(kept.cache, kept.store) })
    const members = { ...depositing('7'), externalReference: 'later' }
    expect(await side.ask('PostTransaction', members, { key: 'x' })).toMatchObject({
      replayed: true,
    })
  })
})

describe('a start with something kept that is not to be used', () => {
  const ignored = ['warn: a snapshot is ignored']

  it.each([
    ['a flipped byte', (text: string) => text.replace('users:bob', 'users:boc')],
    ['an early end', (text: string) => text.slice(0, -80)],
    ['another version', (text: string) => text.replace('"version":1', '"version":0')],
    ['another ledger', (text: string) => text.replace('"ledgerId":"acme"', '"ledgerId":"acne"')],
    ['no sense', () => 'what is this?\n'],
  ])('ignores a snapshot with %s', async (_, change) => {
    const kept = await aKeptLedger()
    kept.cache.snapshots.set('acme', change(kept.cache.snapshots.get('acme') ?? ''))
    expect(await startAnew(kept)).toEqual(ignored)
  })

  it('ignores a snapshot of another log of the same length', async () => {
    const kept = await aKeptLedger()
    const other = await aKeptLedger()
    kept.cache.snapshots.set('acme', other.cache.snapshots.get('acme') ?? '')
    expect(await startAnew(kept)).toEqual(ignored)
    expect(await startAnew(other)).toEqual([])
  })

  it('ignores an index of another log beside the snapshot of this one', async () => {
    const kept = await aKeptLedger()
    const { cache } = await aKeptLedger('x')
    cache.snapshots.set('acme', kept.cache.snapshots.get('acme') ?? '')
    expect(await startAnew({ ...kept, cache })).toEqual(ignored)
  })

  it('ignores such an index that is further than the snapshot', async () => {
    const kept = await aKeptLedger()
    const older = new MemoryBooksCache()
    await keepingIn(older, kept.store).keeper.keep('acme', kept.head - 3n)
    const { cache } = await aKeptLedger('x')
    cache.snapshots.set('acme', older.snapshots.get('acme') ?? '')
    expect(await startAnew({ ...kept, cache })).toEqual(ignored)
  })

  it('ignores a snapshot of which a layer of the filter is missing', async () => {
    const kept = await aKeptLedger()
    kept.cache.loseLayers('acme')
    expect(await startAnew(kept)).toEqual(ignored)
  })

  it('ignores a snapshot without its index', async () => {
    const kept = await aKeptLedger()
    const cache = new MemoryBooksCache()
    cache.snapshots.set('acme', kept.cache.snapshots.get('acme') ?? '')
    expect(await startAnew({ ...kept, cache })).toEqual(ignored)
  })

  it('ignores a snapshot that is further than its index', async () => {
    const kept = await aKeptLedger()
    const later = kept.cache.snapshots.get('acme') ?? ''
    const older = new MemoryBooksCache()
    await keepingIn(older, kept.store).keeper.keep('acme', kept.head - 3n)
    older.snapshots.set('acme', later)
    expect(await startAnew({ ...kept, cache: older })).toEqual(ignored)
  })

  it('uses an index that is further than its snapshot', async () => {
    const kept = await aKeptLedger()
    const older = new MemoryBooksCache()
    await keepingIn(older, kept.store).keeper.keep('acme', kept.head - 9n)
    kept.cache.snapshots.set('acme', older.snapshots.get('acme') ?? '')
    expect(await startAnew(kept)).toEqual([])
  })

  it('does not count twice what such an index has of the tail', async () => {
    const kept = await aKeptLedger()
    const reverse = (amount: string) =>
      ['ReverseTransaction', { transactionId: '6', amounts: [amount], reason: 'r' }] as const
    {
      await using side = new WriteSide({ store: kept.store })
      expect(await side.ask(...reverse('3'))).toMatchObject({ kind: 'accepted' })
    }
    const older = kept.cache.snapshots.get('acme') ?? ''
    await keepingIn(kept.cache, kept.store).keeper.keep('acme', kept.head + 1n)
    kept.cache.snapshots.set('acme', older)
    const keeping = keepingIn(kept.cache, kept.store, { intervalEvents: 1_000 })
    await using side = new WriteSide({ store: kept.store, keeping })
    expect(await side.rehearse(...reverse('5'))).toMatchObject({ kind: 'refused' })
    expect(await side.ask(...reverse('4'))).toMatchObject({ kind: 'accepted' })
  })

  it('makes it anew where the log is long, and uses that', async () => {
    const kept = await aKeptLedger()
    kept.cache.snapshots.set('acme', 'what is this?\n')
    expect(await startAnew(kept, 5)).toEqual([...ignored, 'warn: a snapshot is made anew'])
    expect(kept.cache.snapshots.get('acme')).toContain('"format":"daybook-books"')
  })

  it('discards a snapshot that the rest of the log contradicts', async () => {
    const kept = await aKeptLedger()
    const { logger, lines } = recordingLogger()
    // With a right checksum and wrong books, as a bug would leave one.
    kept.cache.snapshots.set('acme', await forgedSnapshot(kept))
    {
      await using side = new WriteSide({ store: kept.store })
      await side.ask('PostTransaction', depositing('1'), { key: 'tail' })
    }
    const keeping = keepingIn(kept.cache, kept.store, { logger })
    await using side = new WriteSide({ store: kept.store, keeping, logger })
    const balance = deposits * 7 + 1
    expect(await side.ask('PostTransaction', paying(String(balance)))).toMatchObject({
      kind: 'accepted',
    })
    expect(lines.map(({ level }) => level)).toEqual(['error'])
    expect(kept.cache.snapshots.has('acme')).toBe(false)
  })
})

describe('an index that fails', () => {
  it('decides nothing: the books are read anew from the log', async () => {
    const kept = await aKeptLedger()
    const { logger, lines } = recordingLogger()
    const keeping = keepingIn(kept.cache, kept.store, { logger })
    await using side = new WriteSide({ store: kept.store, keeping, logger })
    await side.ask('PostTransaction', depositing('1'))
    kept.cache.broken = true
    const members = { ...depositing('7'), externalReference: 'r3' }
    const [outcome, other] = await Promise.all([
      side.ask('PostTransaction', members, { key: 'k3' }),
      side.rehearse('PostTransaction', members),
    ])
    expect([outcome, other]).toEqual([
      expect.objectContaining({ status: 503, code: 'unavailable' }),
      expect.objectContaining({ status: 503, code: 'unavailable' }),
    ])
    expect(lines.map(({ level }) => level)).toEqual(['error'])
    expect(asAnswered(await side.ask('PostTransaction', members, { key: 'k3' }))).toBe(
      kept.answers.get('k3'),
    )
  })

  it('is not asked again, though it seems to be whole', async () => {
    const kept = await aKeptLedger()
    kept.cache.brokenFacts = true
    const keeping = keepingIn(kept.cache, kept.store, { intervalEvents: 1_000 })
    await using side = new WriteSide({ store: kept.store, keeping })
    const ask = (key: string) => {
      const members = { ...depositing('7'), externalReference: key.replace('k', 'r') }
      return side.ask('PostTransaction', members, { key })
    }
    expect(await ask('k3')).toMatchObject({ status: 503, code: 'unavailable' })
    for (const key of ['k3', 'k4']) expect(asAnswered(await ask(key))).toBe(kept.answers.get(key))
  })

  it('does not refuse a batch either', async () => {
    const kept = await aKeptLedger()
    await using side = new WriteSide({ ...kept, keeping: keepingIn(kept.cache, kept.store) })
    await side.ask('PostTransaction', depositing('1'))
    kept.cache.broken = true
    const commands = [{ command: 'PostTransaction', ...depositing('1') }]
    expect(await side.askBatch('independent', commands, { key: 'k3' })).toMatchObject({
      code: 'unavailable',
    })
    expect(await side.askBatch('independent', commands, { key: 'k3' })).toMatchObject({
      code: 'idempotency-key-mismatch',
    })
  })
})

describe('a keeper that fails', () => {
  it('changes nothing but a line in the log', async () => {
    const store = new MemoryEventStore()
    const cache = new MemoryBooksCache()
    cache.broken = true
    const { logger, lines } = recordingLogger()
    const keeping = keepingIn(cache, store, { logger, intervalEvents: 5 })
    await using side = await openedBooks({ store, keeping, logger, memory: nothingStays })
    for (let index = 0; index < 30; index += 1)
      expect(
        await side.ask('PostTransaction', depositing('1'), { key: `k${index}` }),
      ).toMatchObject({ kind: 'accepted', replayed: false })
    cache.broken = false
    for (let index = 0; index < 30; index += 1)
      expect(
        await side.ask('PostTransaction', depositing('1'), { key: `k${index}` }),
      ).toMatchObject({ kind: 'accepted', replayed: true })
    expect(new Set(lines.map(({ level }) => level))).toEqual(new Set(['warn']))
  })
})

/** A snapshot as a keeper makes it that has mistaken one account's money. */
async function forgedSnapshot({ store, head }: Kept): Promise<string> {
  const lying = {
    readStream: async (stream: string, from: bigint, limit: number) =>
      (await store.readStream(stream, from, limit)).map((event) => ({
        ...event,
        json: event.json
          .replaceAll('"amount":"7"', '"amount":"8"')
          .replaceAll(
            /"posted(Debits|Credits)":"(\d+)"/g,
            (_, side: string, total: string) => `"posted${side}":"${(BigInt(total) / 7n) * 8n}"`,
          ),
      })),
  }
  const cache = new MemoryBooksCache()
  await keepingIn(cache, lying).keeper.keep('acme', head)
  return cache.snapshots.get('acme') ?? ''
}
