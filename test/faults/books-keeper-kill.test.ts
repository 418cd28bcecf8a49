import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openSqliteBooksCacheWriter, prepareBooksFolder } from '#adapters/sqlite/books-cache.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { keepingIn } from '#test/support/keeping.ts'
import { usually } from '#test/support/long-runs.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { asAnswered, depositing, openedBooks, paying, WriteSide } from '#test/support/write-side.ts'

const program = fileURLToPath(new URL('books-keeper-process.ts', import.meta.url))
const keptFirst = 12
const deposits = 30

// Between any two effects of a keep: the facts, the filter, the parts of a snapshot, its name, the rest.
const points = usually(['after learn', 'after saveFilter', 'after chunk'], {
  long: ['learn', 'saveFilter', 'saveSnapshot', 'chunk', 'tidy'].flatMap((step) => [
    `before ${step}`,
    `after ${step}`,
  ]),
})

describe('a keeper killed while it keeps', () => {
  it.each(points)(
    'leaves what the next start uses rightly: %s',
    { timeout: 60_000 },
    async (point) => {
      const folder = mkdtempSync(join(tmpdir(), 'daybook-keeper-'))
      try {
        const answers = await aLedgerKeptOnce(folder)
        await keepAndDie(folder, point)
        await checkStart(folder, answers)
        // And the next keep mends what was left behind.
        await keepAndDie(folder, 'never')
        await checkStart(folder, answers)
        const left = readdirSync(join(folder, 'books')).filter((name) => name.endsWith('.snapshot'))
        expect(left).toEqual(['acme.snapshot'])
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  )
})

/** A log whose first events are kept; answers what was answered to each key. */
async function aLedgerKeptOnce(folder: string): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>()
  await using store = await openSqliteEventStore({ folder })
  await using side = await openedBooks({ store })
  for (let index = 0; index < deposits; index += 1) {
    const members = { ...depositing('7'), externalReference: `r${index}` }
    const outcome = await side.ask('PostTransaction', members, { key: `k${index}` })
    answers.set(`k${index}`, asAnswered(outcome))
    if (index !== keptFirst) continue
    await prepareBooksFolder(join(folder, 'books'))
    using cache = openSqliteBooksCacheWriter(join(folder, 'books'))
    await keepingIn(cache, store).keeper.keep('acme', outcome.revision ?? -1n)
  }
  return answers
}

async function keepAndDie(folder: string, point: string): Promise<void> {
  const child = spawn(process.execPath, [program, folder, point], { stdio: 'inherit' })
  const [code, signal] = await once(child, 'exit')
  expect([code, signal]).toEqual(point === 'never' ? [0, null] : [null, 'SIGKILL'])
}

async function checkStart(folder: string, answers: ReadonlyMap<string, string>): Promise<void> {
  const { logger, lines } = recordingLogger()
  await using store = await openSqliteEventStore({ folder })
  await prepareBooksFolder(join(folder, 'books'))
  using cache = openSqliteBooksCacheWriter(join(folder, 'books'))
  const keeping = keepingIn(cache, store, { intervalEvents: 1_000, logger })
  await using side = new WriteSide({ store, keeping, logger })
  for (const [key, answer] of answers) {
    const members = { ...depositing('7'), externalReference: `r${key.slice(1)}` }
    expect(asAnswered(await side.ask('PostTransaction', members, { key }))).toBe(answer)
    expect(await side.rehearse('PostTransaction', members)).toMatchObject({
      code: 'external-reference-exists',
    })
  }
  const length = answers.size
  expect(await side.rehearse('PostTransaction', paying(String(length * 7)))).toMatchObject({
    kind: 'accepted',
  })
  // The first snapshot was sound all along: nothing had to be ignored.
  expect(lines).toEqual([])
  expect(await store.head(ledgerStream('acme'))).toBe(BigInt(4 + length))
}
