import type { EventStore } from '#ports/event-store.ts'

/** The store, but for how it appends. */
export function storeThrough(store: EventStore, append: EventStore['append']): EventStore {
  return {
    append,
    readStream: (...read) => store.readStream(...read),
    readAll: (...read) => store.readAll(...read),
    end: () => store.end(),
    head: (stream) => store.head(stream),
    check: () => store.check(),
    failed: store.failed,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
