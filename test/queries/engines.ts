import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openSqliteReadModels } from '#adapters/sqlite/read-models.ts'
import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import type { Store } from '#test/queries/asking.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'

/** What every question is asked of; each opening gives empty read models, closed when the tests are over. */
export const engines: readonly { readonly engine: string; readonly open: () => Promise<Store> }[] =
  [
    { engine: 'memory', open: async () => openMemoryReadModels() },
    { engine: 'SQLite', open: openSqlite },
  ]

const opened: AsyncDisposableStack[] = []

/** Call once in a test file that opens SQLite. */
export function closeAfterwards(): void {
  afterAll(async () => {
    for (const stack of opened.splice(0)) await stack.disposeAsync()
  })
}

async function openSqlite(): Promise<Store> {
  const stack = new AsyncDisposableStack()
  opened.push(stack)
  const folder = await mkdtemp(join(tmpdir(), 'daybook-queries-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const path = join(folder, 'read-models.db')
  const writer = stack.use(await openSqliteReadModelWriter({ path }))
  const readModels = stack.use(await openSqliteReadModels({ path }))
  return { ...writer, ...readModels }
}
