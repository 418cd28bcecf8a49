import { allPages } from '#cli/log-pages.ts'
import { decodeEvent } from '#events/decode.ts'
import {
  appendBytesMax,
  appendEventsMax,
  type EventStore,
  type StoredEvent,
} from '#ports/event-store.ts'

/** Stores all ledgers' events of one log in another, empty one, byte for byte, each ledger's in its order. */
export async function copyLog(from: Pick<EventStore, 'readAll'>, to: EventStore): Promise<void> {
  for await (const page of allPages(from))
    for (const [stream, events] of Map.groupBy(page, (event) => event.stream))
      for (const run of appendable(events)) await append(to, stream, run)
}

async function append(to: EventStore, stream: string, run: readonly StoredEvent[]): Promise<void> {
  const revision = run[0]?.revision ?? 0n
  const events = run.map(({ type, json }) => ({ id: decodeEvent(json).id, type, json }))
  await to.append(stream, events, revision === 0n ? 'no-stream' : revision - 1n)
}

/** Cuts events into what one append takes. */
function appendable(events: readonly StoredEvent[]): readonly (readonly StoredEvent[])[] {
  const runs: StoredEvent[][] = [[]]
  let bytes = 0
  for (const event of events) {
    const size = Buffer.byteLength(event.json)
    const run = runs.at(-1)
    if (run === undefined || run.length === appendEventsMax || bytes + size > appendBytesMax) {
      runs.push([event])
      bytes = size
    } else {
      run.push(event)
      bytes += size
    }
  }
  return runs
}
