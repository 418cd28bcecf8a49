import { describe, expect, it } from 'vitest'
import { BooksCacheUnavailable, type BooksCacheWriter, type Fact } from '#ports/books-cache.ts'

/** One place where books are kept. Every `open` is another process there; disposing ends what is left of it. */
export type BooksShelf = AsyncDisposable & { open(): BooksCacheWriter }

const untilNever = { signal: new AbortController().signal, mayWait: () => true }

const used = (key: string, revision: bigint): Fact => ({ kind: 'key', key, revision, value: '' })

const reversed = (revision: bigint, value: string): Fact => ({
  kind: 'reversal',
  key: '7',
  revision,
  value,
})

async function linesOf(cache: BooksCacheWriter, ledgerId = 'acme'): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const batch of cache.readSnapshot(ledgerId)) lines.push(...batch)
  return lines
}

/** What every cache of books must do, whichever adapter it is. */
export function describeBooksCache(name: string, makeShelf: () => Promise<BooksShelf>): void {
  /** A place with two processes, and the ledger `acme` begun. */
  const aShelf = async () => {
    const shelf = await makeShelf()
    const [cache, other] = [shelf.open(), shelf.open()]
    const { number } = cache.beginAnew('acme')
    const dispose = async () => {
      cache[Symbol.dispose]()
      other[Symbol.dispose]()
      await shelf[Symbol.asyncDispose]()
    }
    return { shelf, cache, other, number, [Symbol.asyncDispose]: dispose }
  }

  describe(`${name}: a snapshot`, () => {
    it('is there line by line once it is saved, for other processes too', async () => {
      await using at = await aShelf()
      expect(await linesOf(at.cache)).toEqual([])
      const long = 'é'.repeat(100_000)
      await at.cache.saveSnapshot('acme', ['one\ntw', 'o\n', `${long}\n`])
      for (const cache of [at.cache, at.other])
        expect(await linesOf(cache)).toEqual(['one', 'two', long])
      await at.other.saveSnapshot('acme', ['three\n', 'and no end'])
      expect(await linesOf(at.cache)).toEqual(['three', 'and no end'])
      expect(await linesOf(at.cache, 'other')).toEqual([])
      at.cache.dropSnapshot('acme')
      expect(await linesOf(at.other)).toEqual([])
    })

    it('stays as it was where the next one is not finished', async () => {
      await using at = await aShelf()
      await at.cache.saveSnapshot('acme', ['one\n'])
      function* failing() {
        yield 'two\n'
        throw new Error('told to stop')
      }
      await expect(at.cache.saveSnapshot('acme', failing())).rejects.toThrow('told to stop')
      expect(await linesOf(at.other)).toEqual(['one'])
    })
  })

  describe(`${name}: a ledger that is begun anew`, () => {
    it('has no snapshot any more: what comes into the index may not be what that left to it', async () => {
      await using at = await aShelf()
      for (const ledgerId of ['acme', 'other']) await at.cache.saveSnapshot(ledgerId, ['one\n'])
      at.cache.beginAnew('acme')
      expect(await linesOf(at.other)).toEqual([])
      expect(await linesOf(at.other, 'other')).toEqual(['one'])
    })
  })

  describe(`${name}: facts`, () => {
    it('are found up to the revision asked for, the newest first', async () => {
      await using at = await aShelf()
      at.cache.learn(at.number, [used('k', 3n), reversed(5n, '1 0')], {
        revision: 6n,
        eventId: 'a',
      })
      at.cache.learn(at.number, [reversed(9n, '2 0')], { revision: 9n, eventId: 'b' })
      const find = (kind: Fact['kind'], key: string, atMost: bigint) =>
        at.other.find(at.number, { kind, key, atMost })
      expect(find('key', 'k', 2n)).toBeUndefined()
      expect(find('key', 'k', 3n)).toMatchObject({ revision: 3n, value: '' })
      expect(find('reference', 'k', 9n)).toBeUndefined()
      expect(find('reversal', '7', 4n)).toBeUndefined()
      expect(find('reversal', '7', 8n)).toMatchObject({ revision: 5n, value: '1 0' })
      expect(find('reversal', '7', 10n ** 17n)).toMatchObject({ revision: 9n, value: '2 0' })
    })

    it('say how far they go, and never less than before', async () => {
      await using at = await aShelf()
      const anew = {
        number: at.number,
        factsTo: -1n,
        factsEventId: '',
        filterTo: -1n,
        filterLayers: 0,
      }
      expect(at.other.indexed('acme')).toEqual(anew)
      at.cache.learn(at.number, [used('k', 3n)], { revision: 6n, eventId: 'a' })
      at.other.learn(at.number, [used('k', 3n)], { revision: 5n, eventId: 'b' })
      expect(at.cache.indexed('acme')).toEqual({ ...anew, factsTo: 6n, factsEventId: 'a' })
      expect(at.cache.indexed('other')).toBeUndefined()
    })

    it('of keys in any script are found', async () => {
      await using at = await aShelf()
      const keys = ['', 'ключ', '\u{1f600}', 'a'.repeat(255), "it's", '%_']
      at.cache.learn(
        at.number,
        keys.map((key, index) => used(key, BigInt(index))),
        { revision: 9n, eventId: 'a' },
      )
      for (const [index, key] of keys.entries())
        expect(at.cache.find(at.number, { kind: 'key', key, atMost: 9n })).toMatchObject({
          revision: BigInt(index),
        })
    })

    it('are gone for good once the ledger is begun anew', async () => {
      await using at = await aShelf()
      const question = { kind: 'key', key: 'k', atMost: 9n } as const
      at.cache.learn(at.number, [used('k', 3n)], { revision: 6n, eventId: 'a' })
      const { number } = at.other.beginAnew('acme')
      expect(number).not.toBe(at.number)
      while (at.other.tidy()) expect(at.other.find(number, question)).toBeUndefined()
      expect(() => at.cache.find(at.number, question)).toThrow(BooksCacheUnavailable)
      expect(() => at.cache.learn(at.number, [], { revision: 7n, eventId: 'a' })).toThrow(
        BooksCacheUnavailable,
      )
      expect(at.cache.indexed('acme')).toMatchObject({ number, factsTo: -1n })
    })
  })

  describe(`${name}: a filter`, () => {
    it('is stored layer by layer, and only by who knows how far it went', async () => {
      await using at = await aShelf()
      const layer = (index: number, byte: number) => ({
        layer: index,
        count: 3,
        bits: Uint8Array.from([byte, 0, 255]),
      })
      at.cache.saveFilter(at.number, [layer(0, 1), layer(1, 2)], { from: -1n, to: 4n })
      at.other.saveFilter(at.number, [layer(1, 3)], { from: 4n, to: 4n })
      expect(() => at.cache.saveFilter(at.number, [layer(1, 9)], { from: -1n, to: 8n })).toThrow(
        BooksCacheUnavailable,
      )
      expect(at.cache.filterLayer(at.number, 0)).toEqual(layer(0, 1))
      expect(at.cache.filterLayer(at.number, 1)).toEqual(layer(1, 3))
      expect(at.cache.filterLayer(at.number, 2)).toBeUndefined()
      expect(at.other.indexed('acme')).toMatchObject({ filterTo: 4n, filterLayers: 2 })
    })
  })

  describe(`${name}: the turn`, () => {
    it('is one process’s at a time', async () => {
      await using at = await aShelf()
      const done: string[] = []
      const works = [at.cache, at.other, at.cache].map((cache, index) =>
        cache.exclusively(async () => {
          done.push(`begin ${index}`)
          await new Promise((resolve) => setTimeout(resolve, 20))
          done.push(`end ${index}`)
        }, untilNever),
      )
      await Promise.all(works)
      for (let index = 0; index < done.length; index += 2)
        expect(done[index]?.replace('begin', 'end')).toBe(done[index + 1])
    })

    it('is waited for no longer than it may be', async () => {
      await using at = await aShelf()
      const gate = Promise.withResolvers<void>()
      const first = at.cache.exclusively(() => gate.promise, untilNever)
      const impatient = { ...untilNever, mayWait: () => false }
      const second = at.other.exclusively(async () => 'second', impatient)
      await expect(second).rejects.toThrow(BooksCacheUnavailable)
      gate.resolve()
      await first
      expect(await at.other.exclusively(async () => 'third', impatient)).toBe('third')
    })

    it('is given back by who fails', async () => {
      await using at = await aShelf()
      const failing = at.cache.exclusively(() => Promise.reject(new Error('no')), untilNever)
      await expect(failing).rejects.toThrow('no')
      expect(await at.other.exclusively(async () => 'yes', untilNever)).toBe('yes')
    })
  })
}
