import { setTimeout as sleep } from 'node:timers/promises'
import { BooksFiles } from '#adapters/sqlite/books-file.ts'
import { FactsDamaged } from '#adapters/sqlite/books-fact-rows.ts'
import { BooksIndex } from '#adapters/sqlite/books-index.ts'
import {
  readSnapshotFile,
  removeSnapshotFile,
  writeSnapshotFile,
} from '#adapters/sqlite/books-snapshot-file.ts'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { isBusy, isCorrupt, isNotADatabase, reasonOf } from '#adapters/sqlite/sqlite-results.ts'
import {
  type BooksCache,
  BooksCacheUnavailable,
  type BooksCacheWriter,
  type TurnWait,
} from '#ports/books-cache.ts'

const turnPauseMs = 50

/** Makes the folder of kept books ready, and an index anew that can't be used. @throws what keeps it from that. */
export function prepareBooksFolder(folder: string): Promise<void> {
  return new BooksFiles(folder).prepare()
}

/** The kept books of a folder that is ready, for the thread that decides. Look-ups are made on it. */
export function openSqliteBooksCache(folder: string): BooksCache {
  const files = new BooksFiles(folder)
  const connection = files.openToRead()
  return cacheOf(files, connection)
}

/** The same for the thread that keeps. */
export function openSqliteBooksCacheWriter(folder: string): BooksCacheWriter {
  const files = new BooksFiles(folder)
  const connection = files.openToWrite()
  const index = new BooksIndex(connection)
  const attempt = attempting(files)
  return {
    ...cacheOf(files, connection),
    exclusively: (work, wait) => withTurn(files, work, wait),
    beginAnew: (ledgerId) =>
      attempt(() => {
        removeSnapshotFile(files, ledgerId)
        return index.beginAnew(ledgerId)
      }),
    learn: (number, facts, to) => attempt(() => index.learn(number, facts, to)),
    saveFilter: (number, layers, filterTo) =>
      attempt(() => index.saveFilter(number, layers, filterTo)),
    saveSnapshot: (ledgerId, chunks) => writeSnapshotFile(files, ledgerId, chunks),
    tidy: () => attempt(() => index.tidy()),
  }
}

function cacheOf(files: BooksFiles, connection: ReadModelConnection): BooksCache {
  const index = new BooksIndex(connection)
  const attempt = attempting(files)
  return {
    readSnapshot: (ledgerId) => readSnapshotFile(files, ledgerId),
    dropSnapshot: (ledgerId) => removeSnapshotFile(files, ledgerId),
    indexed: (ledgerId) => attempt(() => index.indexed(ledgerId)),
    filterLayer: (number, layer) => attempt(() => index.filterLayer(number, layer)),
    find: (number, question) => attempt(() => index.find(number, question)),
    [Symbol.dispose]: () => connection.close(),
  }
}

/** Gives SQLite's errors the port's name. An index that is damaged is removed, so that the next start makes one. */
function attempting(files: BooksFiles): <Result>(work: () => Result) => Result {
  return (work) => {
    try {
      return work()
    } catch (error) {
      if (isDamage(error)) files.removeIndex()
      if (error instanceof BooksCacheUnavailable) throw error
      throw new BooksCacheUnavailable(`the index of the books: ${reasonOf(error)}`, {
        cause: error,
      })
    }
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof FactsDamaged || isCorrupt(error) || isNotADatabase(error)
}

async function withTurn<Result>(
  files: BooksFiles,
  work: () => Promise<Result>,
  wait: TurnWait,
): Promise<Result> {
  const turn = files.openTurn()
  try {
    await begin(turn, wait)
    return await work()
  } finally {
    turn.close()
  }
}

async function begin(turn: ReadModelConnection, { signal, mayWait }: TurnWait): Promise<void> {
  for (;;) {
    try {
      return turn.exec('BEGIN IMMEDIATE')
    } catch (error) {
      if (!isBusy(error) || !mayWait())
        throw new BooksCacheUnavailable(whyNoTurn(error), { cause: error })
    }
    await sleep(turnPauseMs, undefined, { signal })
  }
}

function whyNoTurn(error: unknown): string {
  return isBusy(error) ? 'another process keeps' : `the turn to keep: ${reasonOf(error)}`
}
