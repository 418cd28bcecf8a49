import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { EventLogReader } from '#adapters/sqlite/event-log-reader.ts'
import { EventLogDamaged } from '#ports/event-store.ts'
import { temporaryFolder } from '#test/support/program.ts'

const pageSize = 4_096
const json = JSON.stringify({ text: 'x'.repeat(300) })

it('a bit flip between two pages of the log makes nobody go round for ever', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'log.db')
  const root = written(path, 30)
  using whole = new DatabaseSync(path, { readBigInts: true })
  const reader = new EventLogReader(whole)
  expect(reader.ofAll(20n, 5).map(({ position }) => position)).toEqual([21n, 22n, 23n, 24n, 25n])
  whole.close()

  misleading(path, root)
  using damaged = new DatabaseSync(path, { readBigInts: true })
  const misled = new EventLogReader(damaged)
  expect(misled.ofAll(0n, 5)).toHaveLength(5)
  expect(() => misled.ofAll(20n, 5)).toThrow(EventLogDamaged)
  expect(() => misled.ofAll(20n, 5)).toThrow(/damaged: [0-9]+ comes again after 20/)
})

/** A log of some pages; where the tree of its events begins. */
function written(path: string, events: number): number {
  using database = new DatabaseSync(path)
  database.exec(`PRAGMA page_size = ${pageSize};
    CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT NOT NULL,
      revision INTEGER NOT NULL, type TEXT NOT NULL, json TEXT NOT NULL) STRICT`)
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?)')
  for (let place = 1; place <= events; place += 1)
    insert.run(place, 'ledger-a', place, 'LedgerOpened', json)
  const row = database.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'events'`).get()
  return Number(row?.['rootpage'])
}

/** The first key of the root, up to which its first page is said to go, gets its highest bits: all seems to be there. */
function misleading(path: string, root: number): void {
  const bytes = readFileSync(path)
  const page = (root - 1) * pageSize
  const [interiorTable, header, childPointer] = [5, 12, 4]
  expect(bytes[page]).toBe(interiorTable)
  const key = page + bytes.readUInt16BE(page + header) + childPointer
  expect(bytes[key]).toBeLessThan(20)
  bytes[key] = (bytes[key] ?? 0) | 0x60
  writeFileSync(path, bytes)
}
