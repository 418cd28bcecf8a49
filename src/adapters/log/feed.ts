import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { ledgerOfStream } from '#events/stream-names.ts'
import type { EventFeed, FeedHandler } from '#ports/event-feed.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import type { ReadModelWriter } from '#ports/read-models.ts'

/** A handler never gets more events at once. */
export const feedBatchMax = 1_000

/**
 * The wait at the log's end: short while events keep coming, twice as long each time there are none. Under load events
 * come together in it, and a batch costs beside its events what a dozen of them do.
 */
const feedWaitMinMs = 5
const feedWaitMaxMs = 25

/** Resolves after `delayMs`, or sooner: when there may be something new, and at the latest soon after the abort. Never rejects. */
export type FeedWait = (delayMs: number, signal: AbortSignal) => Promise<void>

/** What the feed reads, and where it keeps how far it has come. */
export type LogFeedParts = {
  /** Under which its position is kept; two feeds of one name share it, and then neither sees everything. */
  readonly name: string
  readonly store: Pick<EventStore, 'readAll'>
  readonly positions: Pick<ReadModelWriter, 'feedPosition' | 'saveFeedPosition'>
  /** Sleeps by default. In one process with the writer it can end early at every append. */
  readonly wait?: FeedWait
}

/**
 * The log itself as a feed: all ledgers' events in the order in which they were stored, from the saved position on.
 * The program's own streams are left out. `run` also throws what the store and the positions throw; running it
 * again goes on where the last handled batch ended.
 */
export function openLogFeed({
  name,
  store,
  positions,
  wait = sleepUntil,
}: LogFeedParts): EventFeed {
  return {
    async run(handler, signal) {
      let position = await positions.feedPosition(name)
      let delayMs = feedWaitMinMs
      while (!signal.aborted) {
        const page = await pageUnlessAborted(store, position, signal)
        const last = page.at(-1)
        if (last === undefined) {
          await wait(delayMs, signal)
          delayMs = Math.min(delayMs * 2, feedWaitMaxMs)
          continue
        }
        if (signal.aborted) return
        if (await delivered(page, handler)) await positions.saveFeedPosition(name, last.position)
        position = last.position
        delayMs = feedWaitMinMs
        if (page.length === feedBatchMax) {
          // Stores in files never wait: without a turn nobody would hear of a stop before the log's end.
          await turn()
          continue
        }
        await wait(delayMs, signal)
        delayMs *= 2
      }
    },
  }
}

/** None where the signal aborts meanwhile: what a server is asked for may take long. */
async function pageUnlessAborted(
  store: LogFeedParts['store'],
  position: bigint | undefined,
  signal: AbortSignal,
): Promise<readonly StoredEvent[]> {
  try {
    return await store.readAll(position, feedBatchMax, signal)
  } catch (error) {
    if (signal.aborted) return []
    throw error
  }
}

/** False for a page without any ledger's event: it is not worth a write to remember. */
async function delivered(page: readonly StoredEvent[], handler: FeedHandler): Promise<boolean> {
  const batch = page.filter(({ stream }) => ledgerOfStream(stream) !== undefined)
  if (batch.length === 0) return false
  await handler(batch)
  return true
}

async function sleepUntil(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
