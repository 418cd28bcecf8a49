import { type EventPage, type EventsAsked, readEvents } from '#http/log/event-pages.ts'
import type { Parts } from '#http/parts.ts'

/** Events read at a time while a reader catches up; at first as many as fit where they are large. */
const catchUpEventsMax = 100
const catchUpEventsFirst = 2

/** What of them is kept until the reader has taken it, and the event that goes beyond it. */
const catchUpBytesMax = 256 * 1024

/**
 * Pages of the log for one reader, who may take minutes over each: what is too much to be kept so long is read again when its
 * turn has come. As many events are read as are likely to be kept, so that this is rare.
 */
export class CatchUp {
  readonly #parts: Parts
  readonly #nextTurn: () => Promise<void>
  #limit = catchUpEventsFirst
  #hasMore = false

  /** `nextTurn` is awaited between what is read in one turn and what in another. */
  constructor(parts: Parts, nextTurn: () => Promise<void>) {
    this.#parts = parts
    this.#nextTurn = nextTurn
  }

  async next(asked: Omit<EventsAsked, 'limit'>): Promise<EventPage> {
    if (this.#hasMore) await this.#nextTurn()
    const page = await readEvents(this.#parts, { ...asked, limit: this.#limit }, this.#nextTurn)
    const { count, bytes } = kept(page)
    this.#hasMore = count < page.events.length || page.isFull
    if (bytes > 0)
      this.#limit = Math.min(Math.ceil((count * catchUpBytesMax) / bytes), catchUpEventsMax)
    if (count === page.events.length) return page
    const events = page.events.slice(0, count)
    return { events, upTo: events.at(-1)?.revision ?? asked.after, isFull: true }
  }
}

/** How many events of a page are kept, and the bytes that they have. */
function kept({ events }: EventPage): { readonly count: number; readonly bytes: number } {
  let [count, bytes] = [0, 0]
  for (const { json } of events) {
    if (bytes >= catchUpBytesMax) break
    count += 1
    bytes += Buffer.byteLength(json)
  }
  return { count, bytes }
}
