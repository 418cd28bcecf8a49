import { hash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keepBooks } from '#commands/handler/books/book-keeper.ts'
import { KeeperStopped } from '#ports/books-cache.ts'
import { booksOf, type Throw, throws } from '#test/support/ledger-history.ts'
import { MemoryBooksCache } from '#test/support/memory-books-cache.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { stored, streamsOf } from '#test/support/stored-events.ts'

const { signal: untilNever } = new AbortController()

/** A keeper of the ledger `acme` with the history that the dice make. */
function aKeeper(dice: readonly Throw[]) {
  const { events } = booksOf('acme', dice)
  const store = streamsOf(events.map((event) => stored(event)))
  const cache = new MemoryBooksCache()
  const { logger, lines } = recordingLogger()
  const keep = (upTo: bigint, signal = untilNever) =>
    keepBooks({ store, cache, logger }, { ledgerId: 'acme', upTo }, signal)
  return { cache, lines, keep, head: BigInt(events.length - 1) }
}

const dice: readonly Throw[] = Array.from({ length: 12 }, (_, pick) => ({
  act: 'post',
  pick,
  amount: 5n,
}))

describe('a keeper', () => {
  it('keeps the same bytes, in however many steps', async () => {
    await fc.assert(
      fc.asyncProperty(throws, fc.array(fc.nat(50), { maxLength: 4 }), async (all, cuts) => {
        const [whole, inSteps] = [aKeeper(all), aKeeper(all)]
        await whole.keep(whole.head)
        for (const cut of cuts.toSorted((a, b) => a - b))
          if (BigInt(cut) < inSteps.head) await inSteps.keep(BigInt(cut))
        await inSteps.keep(inSteps.head)
        expect(inSteps.cache.snapshots.get('acme')).toBe(whole.cache.snapshots.get('acme'))
        expect(inSteps.cache.indexed('acme')).toEqual(whole.cache.indexed('acme'))
        expect(inSteps.lines).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  it('does nothing where it has kept further', async () => {
    const keeper = aKeeper(dice)
    await keeper.keep(keeper.head)
    const before = keeper.cache.snapshots.get('acme')
    await keeper.keep(3n)
    expect(keeper.cache.snapshots.get('acme')).toBe(before)
  })

  it('discards a snapshot that the log contradicts, and begins from nothing', async () => {
    const [keeper, other] = [aKeeper(dice), aKeeper(dice)]
    await other.keep(other.head)
    await keeper.keep(8n)
    const text = keeper.cache.snapshots.get('acme') ?? ''
    keeper.cache.snapshots.set('acme', withOtherBalances(text))
    await keeper.keep(keeper.head)
    expect(keeper.lines.map(({ level }) => level)).toEqual(['error'])
    expect(keeper.cache.snapshots.get('acme')).toBe(other.cache.snapshots.get('acme'))
  })

  it('leaves no snapshot beside an index that it began anew and could not finish', async () => {
    const keeper = aKeeper(dice)
    await keeper.keep(8n)
    keeper.cache.snapshots.set('acme', 'what is this?\n')
    keeper.cache.saveSnapshot = () => Promise.reject(new Error('the disk is full'))
    await expect(keeper.keep(keeper.head)).rejects.toThrow('the disk is full')
    expect(keeper.cache.indexed('acme')).toMatchObject({ filterTo: keeper.head })
    expect(keeper.cache.snapshots.has('acme')).toBe(false)
  })

  it('stops when it is told to, and goes on another time', async () => {
    const keeper = aKeeper(dice)
    const stop = new AbortController()
    stop.abort(new KeeperStopped('it was told to'))
    await expect(keeper.keep(keeper.head, stop.signal)).rejects.toThrow(KeeperStopped)
    expect(keeper.cache.snapshots.size).toBe(0)
    await keeper.keep(keeper.head)
    expect(keeper.cache.snapshots.size).toBe(1)
  })
})

/** The same snapshot with more money in it, and the checksum for that. */
function withOtherBalances(text: string): string {
  const lines = text.trimEnd().split('\n').slice(0, -1)
  const wrong = lines.map((line) => line.replaceAll('"USD/2","', '"USD/2","9'))
  const body = wrong.map((line) => `${line}\n`).join('')
  return `${body}${JSON.stringify({ sha256: hash('sha256', body) })}\n`
}
