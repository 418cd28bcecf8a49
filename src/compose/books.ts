import { join } from 'node:path'
import { defaultMemoryBounds, type MemoryBounds } from '#commands/handler/ledgers-in-memory.ts'
import type { Keeping } from '#commands/handler/books/ledger-memory.ts'
import { startBooksKeeper } from '#compose/books-keeper-worker.ts'
import type { Config } from '#config.ts'
import type { Logger } from '#ports/logger.ts'

// Folding so many events at a start takes about a second.
const intervalEvents = 50_000

/** What keeps the books of this process between its starts; nothing where its folder can't be used, which is logged. */
export async function openKeeping(
  config: Config,
  logger: Logger,
  opening: AsyncDisposableStack,
): Promise<Keeping | undefined> {
  const { booksFolderName } = await import('#adapters/sqlite/books-file.ts')
  const { openSqliteBooksCache, prepareBooksFolder } = await import(
    '#adapters/sqlite/books-cache.ts'
  )
  const folder = join(config.dataFolder, booksFolderName)
  try {
    await prepareBooksFolder(folder)
    const cache = opening.use(openSqliteBooksCache(folder))
    const keeper = opening.use(startBooksKeeper({ config, folder }))
    return { cache, keeper, intervalEvents }
  } catch (error) {
    logger.warn({ err: error, folder }, 'books are not kept: every start reads whole logs')
    return undefined
  }
}

export function memoryBoundsOf({ booksMemoryMiB }: Config): MemoryBounds {
  return { ...defaultMemoryBounds, bytesMax: booksMemoryMiB * 1024 * 1024 }
}
