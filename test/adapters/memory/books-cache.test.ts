import { describeBooksCache } from '#test/contracts/books-cache.ts'
import { MemoryBooksCache } from '#test/support/memory-books-cache.ts'

describeBooksCache('memory', async () => {
  const cache = new MemoryBooksCache()
  return { open: () => cache, async [Symbol.asyncDispose]() {} }
})
