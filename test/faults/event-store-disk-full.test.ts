import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openWriterConnection } from '#adapters/sqlite/event-log-connection.ts'
import { EventLogWriter } from '#adapters/sqlite/event-log-writer.ts'
import { appendMessage } from '#adapters/sqlite/event-store-messages.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { type EventStore, EventStoreUnavailable } from '#ports/event-store.ts'
import { aStream, everything, someEvents } from '#test/contracts/event-store.ts'
import { aFolder } from '#test/faults/event-store-faults.ts'

/** A file system of 4 MiB; undefined where this user may not mount one. */
function aSmallDisk(folder: string): (Disposable & { path: string }) | undefined {
  const path = join(folder, 'disk')
  mkdirSync(path)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path])
  if (status !== 0) return undefined
  return { path, [Symbol.dispose]: () => void spawnSync('umount', [path]) }
}

/** Answers the streams that were acknowledged before the first append that was not. */
async function fill(store: EventStore): Promise<{ stored: string[]; refused: unknown }> {
  const stored: string[] = []
  for (;;) {
    const stream = aStream()
    try {
      await store.append(stream, someEvents(100), 'no-stream')
      stored.push(stream)
    } catch (refused) {
      return { stored, refused }
    }
  }
}

async function streamsOf(store: EventStore): Promise<string[]> {
  const events = await everything(store, undefined, 1_000)
  return [...new Set(events.map(({ stream }) => stream))]
}

describe('a full disk', () => {
  it('refuses appends, goes on reading, and takes appends again once there is space', async ({
    skip,
  }) => {
    using at = aFolder()
    using disk = aSmallDisk(at.folder)
    if (disk === undefined) return skip('only root can mount a small disk')
    const folder = join(disk.path, 'data')
    const ballast = join(disk.path, 'ballast')
    writeFileSync(ballast, Buffer.alloc(2 * 1024 * 1024))
    const store = await openSqliteEventStore({ folder })
    const { stored, refused } = await fill(store)
    expect(refused).toBeInstanceOf(EventStoreUnavailable)
    expect(stored.length).toBeGreaterThan(5)

    expect(store.failed.aborted).toBe(false)
    await store.check()
    expect(await streamsOf(store)).toEqual(stored)

    rmSync(ballast)
    await store.append('ledger-after', someEvents(100), 'no-stream')
    expect(await streamsOf(store)).toEqual([...stored, 'ledger-after'])
    await store[Symbol.asyncDispose]()
    await using again = await openSqliteEventStore({ folder })
    expect(await streamsOf(again)).toEqual([...stored, 'ledger-after'])
  })

  it('fails all appends of the commit it interrupts, and the next commit is whole', async () => {
    using at = aFolder()
    await using store = await openSqliteEventStore({ folder: at.folder })
    using database = openWriterConnection(join(at.folder, 'log.db'))
    const writer = new EventLogWriter(database)
    const appends = Array.from({ length: 10 }, (_, index) =>
      appendMessage(`ledger-${index}`, someEvents(200), 'no-stream'),
    )
    database.exec('PRAGMA max_page_count = 60')
    expect(await writer.commit(appends)).toEqual(['unavailable', 'database or disk is full'])
    expect(await store.readAll(undefined, 10)).toEqual([])
    database.exec('PRAGMA max_page_count = 100000')
    const [fate] = await writer.commit(appends)
    expect(fate).toBe('committed')
    expect(await everything(store, undefined, 1_000)).toHaveLength(2_000)
  })
})
