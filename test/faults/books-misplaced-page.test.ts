import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { randomInt } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSqliteBooksCacheWriter, prepareBooksFolder } from '#adapters/sqlite/books-cache.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { misplacements } from '#test/support/index-pages.ts'
import { keepingIn } from '#test/support/keeping.ts'
import { usually } from '#test/support/long-runs.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { depositing, openedBooks, WriteSide } from '#test/support/write-side.ts'

const deposits = 250
const trials = usually(12, { long: 500 })

const keyOf = (index: number) => `key-${index}-${'q'.repeat(60)}`

describe('a page of the index of used keys that is in the place of another one', () => {
  it(`makes no used key a new one: ${trials} times at random`, { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'daybook-books-'))
    try {
      const { store, head } = await aKeptLedger(folder)
      const path = join(folder, 'index.db')
      const whole = readFileSync(path)
      const ways = misplacements(path, 'facts')
      let noticed = 0
      for (let trial = 0; trial < trials; trial += 1) {
        const [name, damage] = ways[randomInt(ways.length)] ?? ['none', () => undefined]
        const damaged = Buffer.from(whole)
        damage(damaged)
        writeFileSync(path, damaged)
        noticed += await retryAll(folder, store)
        expect([name, await store.head(ledgerStream('acme'))]).toEqual([name, head])
      }
      expect(noticed).toBeGreaterThan(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

async function aKeptLedger(folder: string) {
  const store = new MemoryEventStore()
  await using side = await openedBooks({ store })
  for (let index = 0; index < deposits; index += 1)
    await side.ask('PostTransaction', depositing('7'), { key: keyOf(index) })
  const head = await store.head(ledgerStream('acme'))
  if (head === 'no-stream') throw new Error('nothing was stored')
  await prepareBooksFolder(folder)
  using cache = openSqliteBooksCacheWriter(folder)
  await keepingIn(cache, store).keeper.keep('acme', head)
  return { store, head }
}

/**
 * Every key is answered as before, or `unavailable` once and then as before. Answers 1 where that happened: the ledger
 * goes without the index from then on, and the next start makes it anew.
 */
async function retryAll(folder: string, store: MemoryEventStore): Promise<number> {
  let unavailable = 0
  {
    using cache = openSqliteBooksCacheWriter(folder)
    const keeping = keepingIn(cache, store, { intervalEvents: 1_000 })
    await using side = new WriteSide({ store, keeping })
    for (let index = 0; index < deposits; index += 1) {
      const ask = () => side.ask('PostTransaction', depositing('7'), { key: keyOf(index) })
      const answer = await ask()
      if (answer.replayed) continue
      expect(answer).toMatchObject({ code: 'unavailable' })
      unavailable += 1
      expect(await ask()).toMatchObject({ replayed: true })
    }
  }
  await prepareBooksFolder(folder)
  using cache = openSqliteBooksCacheWriter(folder)
  expect([unavailable, cache.indexed('acme') === undefined]).toEqual(
    unavailable === 0 ? [0, false] : [1, true],
  )
  return unavailable
}
