import type { Clock } from '#ports/clock.ts'
import { type EventStore, WrongExpectedRevision } from '#ports/event-store.ts'
import {
  lastRelayEntry,
  type RelayEntry,
  type RelayEntryType,
  relayEvent,
} from '#relay/relay-stream.ts'

/** Somebody else relays now: whatever this process still sends, its successor sends too. */
export class RelayLost extends Error {
  override readonly name = 'RelayLost'
}

export type LeaseParts = {
  readonly store: Pick<EventStore, 'append' | 'head' | 'readStream'>
  /** The relay's own. */
  readonly stream: string
  readonly clock: Pick<Clock, 'monotonic'>
  /** This process, random. */
  readonly holder: string
}

/**
 * The turn of one relay, fenced by exact revisions: every entry is appended after the holder's own last one, so that
 * whoever was overtaken, even if it slept meanwhile, can write nothing and learns of it.
 */
export class RelayLease {
  readonly #parts: LeaseParts
  #entry: RelayEntry
  #confirmedMs: number
  /** One entry at a time. */
  #writing: Promise<void> = Promise.resolve()

  constructor(parts: LeaseParts, entry: RelayEntry, confirmedMs: number) {
    this.#parts = parts
    this.#entry = entry
    this.#confirmedMs = confirmedMs
  }

  get epoch(): bigint {
    return this.#entry.epoch
  }

  /** The checkpoint as it is stored. */
  get position(): bigint | undefined {
    return this.#entry.position
  }

  /** How long ago it was certain that nobody else had taken over. */
  get unconfirmedMs(): number {
    return this.#parts.clock.monotonic() - this.#confirmedMs
  }

  /** Stores the checkpoint, and with it that the holder is alive. @throws {RelayLost} and what the store throws. */
  advance(position: bigint | undefined): Promise<void> {
    return this.#write('RelayAdvanced', position)
  }

  /** Lets a standby take over at once. @throws {RelayLost} and what the store throws. */
  release(position: bigint | undefined): Promise<void> {
    return this.#write('RelayStopped', position)
  }

  #write(type: RelayEntryType, position: bigint | undefined): Promise<void> {
    const written = this.#writing.then(() => this.#writeNow(type, position))
    this.#writing = written.catch(() => {})
    return written
  }

  async #writeNow(type: RelayEntryType, position: bigint | undefined): Promise<void> {
    const askedMs = this.#parts.clock.monotonic()
    const { epoch, holder, revision } = this.#entry
    const entry = { revision: revision + 1n, type, epoch, holder, position }
    try {
      this.#entry = await write(this.#parts, entry)
    } catch (error) {
      if (!(await this.#isStored(entry, error))) throw error
    }
    this.#confirmedMs = askedMs
  }

  /** An append that failed may be stored: the stream itself says so, and whether the turn is still ours. */
  async #isStored(entry: RelayEntry, cause: unknown): Promise<boolean> {
    const last = await lastRelayEntry(this.#parts)
    if (last?.holder !== entry.holder || last.epoch !== entry.epoch)
      throw new RelayLost('another relay took over', { cause })
    this.#entry = last
    const { revision, type, position } = entry
    return last.revision === revision && last.type === type && last.position === position
  }
}

/** Takes the turn after `last`; undefined where somebody else was first. @throws what the store throws. */
export async function takeOver(
  parts: LeaseParts,
  last: RelayEntry | undefined,
): Promise<RelayLease | undefined> {
  const askedMs = parts.clock.monotonic()
  try {
    const entry = await write(parts, {
      revision: (last?.revision ?? -1n) + 1n,
      type: 'RelayTookOver',
      epoch: (last?.epoch ?? 0n) + 1n,
      holder: parts.holder,
      position: last?.position,
    })
    return new RelayLease(parts, entry, askedMs)
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return undefined
    throw error
  }
}

async function write({ store, stream }: LeaseParts, entry: RelayEntry): Promise<RelayEntry> {
  const expected = entry.revision === 0n ? 'no-stream' : entry.revision - 1n
  await store.append(stream, [relayEvent(entry)], expected)
  return entry
}
