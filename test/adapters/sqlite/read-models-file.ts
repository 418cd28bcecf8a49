import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteReadModels, type SqliteReadModelsOptions } from '#adapters/sqlite/read-models.ts'
import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import type { ReadModels } from '#ports/read-models.ts'
import type { ReadModelStore } from '#test/contracts/read-models-examples.ts'

type ReadModelFile = Omit<ReadModelStore, 'openReadModels'> & {
  readonly folder: string
  readonly path: string
  openReadModels(bounds?: Partial<SqliteReadModelsOptions>): Promise<ReadModels>
}

/** A read-model file, not made yet, in a folder of its own that goes when it is disposed. */
export async function aReadModelFile(): Promise<ReadModelFile> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-read-models-'))
  const path = join(folder, 'read-models.db')
  return {
    folder,
    path,
    openReadModels: (bounds) => openSqliteReadModels({ path, ...bounds }),
    openWriter: () => openSqliteReadModelWriter({ path }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
