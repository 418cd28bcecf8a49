import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { openSqliteReadModels } from '#adapters/sqlite/read-models.ts'
import { startDaybook } from '#bench/daybook.ts'
import { fillLog } from '#bench/fill-log.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'

const pollMs = 20

/** Makes a data folder's log, with at least `count` events; resolves to how many they are. */
export async function fillFolder(folder: string, count: number, ledgers?: number): Promise<number> {
  await using store = await openSqliteEventStore({ folder })
  return await fillLog(store, count, ledgers)
}

/** Runs the program's projector on a folder until the read models have had the whole log. */
export async function project(folder: string): Promise<void> {
  const last = lastPosition(folder)
  await using opened = new AsyncDisposableStack()
  const projector = opened.use(await startDaybook({ folder, role: 'projector' }))
  const path = join(folder, 'read-models.db')
  const readModels = opened.use(await openSqliteReadModels({ path }))
  // Those of a long log are built first: the projector's own place is at the log's end by then.
  const isServed = async (model: Projection) =>
    (await readModels.builds(model)).some(({ state }) => state === 'serving')
  const areServed = async () => (await Promise.all(allProjections.map(isServed))).every(Boolean)
  while (!(await areServed()) || ((await readModels.feedPosition('projector')) ?? -1n) < last) {
    // Throws where it has ended.
    process.kill(projector.pid, 0)
    await sleep(pollMs)
  }
}

function lastPosition(folder: string): bigint {
  using database = new DatabaseSync(join(folder, 'log.db'), { readOnly: true })
  const row = database.prepare('SELECT max(position) AS last FROM events').get()
  return BigInt(Number(row?.['last'] ?? -1))
}
