import { mkdtempSync, rmSync } from 'node:fs'
import { randomInt } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { openSqliteBooksCacheWriter, prepareBooksFolder } from '#adapters/sqlite/books-cache.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { keepingIn } from '#test/support/keeping.ts'
import { usually } from '#test/support/long-runs.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { asAnswered, depositing, openedBooks, WriteSide } from '#test/support/write-side.ts'

const deposits = 40
const flips = usually(30, { long: 1_000 })

describe('a bit that flips in the filter of the keys of kept books', () => {
  it(`makes no used key a new one: ${flips} flips at random`, { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'daybook-books-'))
    try {
      const { store, answers } = await aKeptLedger(folder)
      for (let flip = 0; flip < flips; flip += 1) {
        flipSetBit(folder)
        using cache = openSqliteBooksCacheWriter(folder)
        await using side = new WriteSide({ store, keeping: keepingIn(cache, store) })
        for (const [key, answer] of answers) {
          const again = await side.ask('PostTransaction', depositing('7'), { key })
          expect([key, again.replayed, asAnswered(again)]).toEqual([key, true, answer])
        }
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

async function aKeptLedger(folder: string) {
  const store = new MemoryEventStore()
  const answers = new Map<string, string>()
  await using side = await openedBooks({ store })
  for (let index = 0; index < deposits; index += 1) {
    const key = `k${index}`
    answers.set(key, asAnswered(await side.ask('PostTransaction', depositing('7'), { key })))
  }
  await prepareBooksFolder(folder)
  using cache = openSqliteBooksCacheWriter(folder)
  const head = await store.head(ledgerStream('acme'))
  if (head === 'no-stream') throw new Error('nothing was stored')
  await keepingIn(cache, store).keeper.keep('acme', head)
  return { store, answers }
}

/** One of those by which a key is known. */
function flipSetBit(folder: string): void {
  using index = new DatabaseSync(join(folder, 'index.db'))
  const bits = index.prepare('SELECT bits FROM layers WHERE layer = 0').get()?.['bits']
  if (!(bits instanceof Uint8Array)) throw new Error('there is no filter')
  const set = [...bits.keys()].filter((byte) => bits[byte] !== 0)
  const byte = set[randomInt(set.length)] ?? 0
  const value = bits[byte] ?? 0
  bits[byte] = value & (value - 1)
  index.prepare('UPDATE layers SET bits = ? WHERE layer = 0').run(bits)
}
