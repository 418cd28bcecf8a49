import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { openSqliteReadModels } from '#adapters/sqlite/read-models.ts'
import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import { aMongoDatabase } from '#test/adapters/mongodb/database.ts'
import type { Store } from '#test/queries/asking.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { describeWith, type Servers } from '#test/support/servers/describe-with.ts'

export type EngineName = 'memory' | 'SQLite' | 'MongoDB'

/** Each opening gives empty read models, closed when the tests are over. */
type Open = () => Promise<Store>

/** What every question is asked of, MongoDB where there is a server. */
export function describeOnEngines(
  name: string,
  tests: (open: Open, engine: EngineName) => void,
): void {
  describe(`${name}, on memory`, () => tests(async () => openMemoryReadModels(), 'memory'))
  describe(`${name}, on SQLite`, () => tests(openSqlite, 'SQLite'))
  describeWith(['mongodb'], `${name}, on MongoDB`, (servers) => {
    tests(() => openMongo(servers), 'MongoDB')
  })
}

const opened: AsyncDisposableStack[] = []

/** Call once in a test file that opens any. */
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

async function openMongo(servers: Servers): Promise<Store> {
  const stack = new AsyncDisposableStack()
  opened.push(stack)
  const database = stack.use(await aMongoDatabase(servers))
  const writer = stack.use(await database.openWriter())
  const readModels = stack.use(await database.openReadModels())
  return { ...writer, ...readModels }
}
