import { join } from 'node:path'
import { openSqliteBooksCacheWriter, prepareBooksFolder } from '#adapters/sqlite/books-cache.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { BooksCacheWriter } from '#ports/books-cache.ts'
import { keepingIn } from '#test/support/keeping.ts'

/** Keeps the ledger `acme` of a folder, and kills itself before or after one of the effects of that. */

const [, , folder = '', point = ''] = process.argv

function reach(here: string): void {
  if (here === point) process.kill(process.pid, 'SIGKILL')
}

function* watched(chunks: Iterable<string>): Iterable<string> {
  for (const chunk of chunks) {
    reach('before chunk')
    yield chunk.slice(0, 100)
    yield chunk.slice(100)
    reach('after chunk')
  }
}

function dying(cache: BooksCacheWriter): BooksCacheWriter {
  const at = <Result>(name: string, work: () => Result): Result => {
    reach(`before ${name}`)
    const result = work()
    reach(`after ${name}`)
    return result
  }
  return {
    ...cache,
    learn: (number, facts, to) => at('learn', () => cache.learn(number, facts, to)),
    saveFilter: (number, layers, to) =>
      at('saveFilter', () => cache.saveFilter(number, layers, to)),
    async saveSnapshot(ledgerId, chunks) {
      reach('before saveSnapshot')
      await cache.saveSnapshot(ledgerId, watched(chunks))
      reach('after saveSnapshot')
    },
    tidy: () => at('tidy', () => cache.tidy()),
  }
}

await using store = await openSqliteEventStore({ folder })
await prepareBooksFolder(join(folder, 'books'))
using cache = openSqliteBooksCacheWriter(join(folder, 'books'))
const head = await store.head(ledgerStream('acme'))
if (head === 'no-stream') throw new Error('there is no ledger')
await keepingIn(dying(cache), store).keeper.keep('acme', head)
