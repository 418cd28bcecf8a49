import { damageOf } from '#events/damage.ts'
import { decodeEvent } from '#events/decode.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { ledgerOfStream } from '#events/stream-names.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import type { LedgerId } from '#values/ids.ts'

/** One place in a ledger, and what is recorded there: an event, or why it can't be read. */
export type Reading =
  | { readonly revision: bigint; readonly event: RecordedEvent }
  | { readonly revision: bigint; readonly unreadable: string }

/** What a batch brings of one ledger: each revision once, ascending. What can't be read is as if it hadn't come. */
export class Delivery {
  readonly ledgerId: LedgerId
  readonly stream: string
  /** How many events came, repeated ones too. */
  readonly count: number
  readonly #stored: readonly StoredEvent[]
  readonly #readings = new Map<StoredEvent, Reading>()

  constructor(ledgerId: LedgerId, stored: readonly StoredEvent[]) {
    this.ledgerId = ledgerId
    this.count = stored.length
    this.#stored = ascending(stored)
    this.stream = stored[0]?.stream ?? ''
  }

  /** The last revision delivered; −1 for none. */
  get upTo(): bigint {
    return this.#stored.at(-1)?.revision ?? -1n
  }

  /** How many of the events delivered, each revision counted once, come after `revision`. */
  countAfter(revision: bigint): number {
    return this.#stored.length - this.#indexFrom(revision + 1n)
  }

  /** The first revision delivered from `from` on; undefined: none. */
  firstFrom(from: bigint): bigint | undefined {
    for (let index = this.#indexFrom(from); index < this.#stored.length; index += 1) {
      const reading = this.#readingAt(index)
      if (reading !== undefined && 'event' in reading) return reading.revision
    }
    return undefined
  }

  /** The events delivered from `from` on without a gap, at most `limit`; none where it wasn't delivered itself. */
  runFrom(from: bigint, limit: number): readonly Reading[] {
    const run: Reading[] = []
    const first = this.#indexFrom(from)
    for (let index = first; run.length < limit; index += 1) {
      const reading = this.#readingAt(index)
      if (reading?.revision !== from + BigInt(run.length) || 'unreadable' in reading) break
      run.push(reading)
    }
    return run
  }

  #indexFrom(from: bigint): number {
    const index = this.#stored.findIndex(({ revision }) => revision >= from)
    return index === -1 ? this.#stored.length : index
  }

  #readingAt(index: number): Reading | undefined {
    const stored = this.#stored[index]
    if (stored === undefined) return undefined
    const known = this.#readings.get(stored)
    if (known !== undefined) return known
    const reading = readStored(stored)
    this.#readings.set(stored, reading)
    return reading
  }
}

/** Sorts a batch by ledger; the streams that hold no ledger are left out. */
export function deliveriesOf(batch: readonly StoredEvent[]): readonly Delivery[] {
  const byStream = Map.groupBy(batch, ({ stream }) => stream)
  return [...byStream].flatMap(([stream, stored]) => {
    const ledgerId = ledgerOfStream(stream)
    return ledgerId === undefined ? [] : [new Delivery(ledgerId, stored)]
  })
}

/** Decodes an event and checks that it is where it says it is. */
export function readStored(stored: StoredEvent): Reading {
  const { revision, stream } = stored
  const damage = damageOf(stored)
  if (damage !== undefined) return { revision, unreadable: `the event is damaged: ${damage}` }
  try {
    const event = decodeEvent(stored.json)
    if (event.revision === revision && event.ledgerId === ledgerOfStream(stream))
      return { revision, event }
    const claimed = `${event.ledgerId} revision ${event.revision}`
    return { revision, unreadable: `the event stored here says it is ${claimed}` }
  } catch (error) {
    return { revision, unreadable: error instanceof Error ? error.message : 'not an event' }
  }
}

function ascending(stored: readonly StoredEvent[]): readonly StoredEvent[] {
  const inOrder = stored.every(
    (event, index) => event.revision > (stored[index - 1]?.revision ?? -1n),
  )
  if (inOrder) return stored
  const byRevision = new Map(stored.map((event) => [event.revision, event]))
  return [...byRevision.values()].toSorted((a, b) => (a.revision < b.revision ? -1 : 1))
}
