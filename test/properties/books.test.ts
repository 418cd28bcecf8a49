import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import type { EventStore } from '#ports/event-store.ts'
import { asking, type Step, steps } from '#test/support/books-life.ts'
import { BooksRun } from '#test/support/books-run.ts'
import { assertDeterminism, assertLaws } from '#test/support/laws.ts'
import { type Fault, MemoryEventStore } from '#test/support/memory-event-store.ts'
import { patienceMs, runs, seed, untilEnough } from '#test/support/property-runs.ts'
import { SettableClock } from '#test/support/settable-clock.ts'

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant({ kind: 'unavailable' } as const),
  fc.boolean().map((stored) => ({ kind: 'unknown', stored }) as const),
)

async function live(reopen: () => Promise<EventStore>, life: readonly Step[]): Promise<void> {
  await using run = await BooksRun.begin(new SettableClock(), reopen)
  for (const { take } of life) await take(run)
  await run.restart()
  const events = await run.events()
  assertLaws(events)
  assertDeterminism(events, run.asked)
}

describe(`any life of the books (seed ${seed})`, { timeout: patienceMs }, () => {
  it('goes as the naive books say, and keeps every law', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        untilEnough(async (life) => {
          const store = new MemoryEventStore()
          await live(async () => store, life)
        }),
      ),
      runs(150),
    )
  })

  it('does so while appends fail or lose their answers', async () => {
    const failing = fc.tuple(fault, asking).map(([what, { take }]) => ({ what, take }))
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(failing, { minLength: 1, maxLength: 4 }),
        untilEnough(async (life, faults) => {
          const store = new MemoryEventStore()
          const broken = faults.map(
            ({ what, take }): Step => ({
              name: what.kind,
              take: (run) => {
                store.faults.push(what)
                return take(run)
              },
            }),
          )
          const middle = Math.floor(life.length / 2)
          await live(
            async () => store,
            [...life.slice(0, middle), ...broken, ...life.slice(middle)],
          )
        }),
      ),
      runs(25),
    )
  })

  it('does so on SQLite', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        untilEnough(async (life) => {
          const folder = await mkdtemp(join(tmpdir(), 'daybook-books-'))
          const opened: EventStore[] = []
          const reopen = async () => {
            await opened.pop()?.[Symbol.asyncDispose]()
            const store = await openSqliteEventStore({ folder })
            opened.push(store)
            return store
          }
          try {
            await live(reopen, life)
          } finally {
            await opened.pop()?.[Symbol.asyncDispose]()
            await rm(folder, { recursive: true })
          }
        }),
      ),
      runs(8),
    )
  })
})
