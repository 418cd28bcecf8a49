import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { openSqliteBooksCacheWriter, prepareBooksFolder } from '#adapters/sqlite/books-cache.ts'
import type { BooksCacheWriter } from '#ports/books-cache.ts'
import { type Step, steps } from '#test/support/books-life.ts'
import { BooksRun } from '#test/support/books-run.ts'
import { keepingIn, nothingStays } from '#test/support/keeping.ts'
import { assertDeterminism, assertLaws } from '#test/support/laws.ts'
import { MemoryBooksCache } from '#test/support/memory-books-cache.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { patienceMs, runs, seed, untilEnough } from '#test/support/property-runs.ts'
import { SettableClock } from '#test/support/settable-clock.ts'

type Habits = { readonly intervalEvents: number; readonly staysInMemory: boolean }

const habits: fc.Arbitrary<Habits> = fc.record({
  intervalEvents: fc.constantFrom(1, 3, 7, 20),
  staysInMemory: fc.boolean(),
})

async function live(
  cache: BooksCacheWriter,
  { intervalEvents, staysInMemory }: Habits,
  life: readonly Step[],
): Promise<void> {
  const store = new MemoryEventStore()
  const kept = () => ({
    keeping: keepingIn(cache, store, { intervalEvents }),
    ...(!staysInMemory && { memory: nothingStays }),
  })
  await using run = await BooksRun.begin(new SettableClock(), async () => store, kept)
  for (const { take } of life) await take(run)
  await run.restart()
  const events = await run.events()
  assertLaws(events)
  assertDeterminism(events, run.asked)
}

describe(`any life of books that are kept, let go and begun anew (seed ${seed})`, {
  timeout: patienceMs,
}, () => {
  it('goes as the naive books say', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        habits,
        untilEnough(async (life, kept) => live(new MemoryBooksCache(), kept, life)),
      ),
      runs(60),
    )
  })

  it('does so with an index on disk', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        habits,
        untilEnough(async (life, kept) => {
          const folder = await mkdtemp(join(tmpdir(), 'daybook-kept-'))
          await prepareBooksFolder(folder)
          const cache = openSqliteBooksCacheWriter(folder)
          try {
            await live(cache, kept, life)
          } finally {
            cache[Symbol.dispose]()
            await rm(folder, { recursive: true })
          }
        }),
      ),
      runs(6),
    )
  })
})
