import { openLogFeed } from '#adapters/log/feed.ts'
import { aStore } from '#test/adapters/eventstoredb/stores.ts'
import { describeEventFeed } from '#test/contracts/event-feed.ts'
import { someEvents } from '#test/contracts/event-store.ts'

/** The log feed over this store, woken by its subscription. */
async function aLog() {
  const at = await aStore()
  let position: bigint | undefined
  const positions = {
    feedPosition: () => Promise.resolve(position),
    saveFeedPosition: (_: string, reached: bigint) => {
      position = reached
      return Promise.resolve()
    },
  }
  return {
    append: async (stream: string, count: number) => {
      await at.store.append(stream, someEvents(count), await at.store.head(stream))
    },
    open: () =>
      Promise.resolve(
        openLogFeed({ name: 'test', store: at.store, positions, wait: at.store.appended }),
      ),
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  }
}

describeEventFeed('log on EventStoreDB', aLog)
