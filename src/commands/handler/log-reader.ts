import { setImmediate as turn } from 'node:timers/promises'
import { decodeEvent } from '#events/decode.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { evolve } from '#ledger/evolve.ts'
import type { Ledger } from '#ledger/ledger.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { LedgerId } from '#values/ids.ts'

const pageSize = 1000

// Reads between two turns of the event loop: a store may read on this very thread.
const readsPerTurn = 100

/** Reads one ledger's events as the writer needs them. */
export class LogReader {
  readonly #store: EventStore
  readonly #stream: string

  constructor(store: EventStore, ledgerId: LedgerId) {
    this.#store = store
    this.#stream = ledgerStream(ledgerId)
  }

  /** Folds everything into the books that they do not know yet; nothing of it can be taken back. */
  async catchUp(ledger: Ledger): Promise<void> {
    for (;;) {
      const page = await this.#store.readStream(this.#stream, ledger.head.revision + 1n, pageSize)
      for (const stored of page) {
        evolve(ledger, decodeEvent(stored.json))
        ledger.journal.clear()
      }
      if (page.length === 0) return
      await turn()
    }
  }

  /** The event at a revision; undefined where the log does not reach. */
  async at(revision: bigint): Promise<RecordedEvent | undefined> {
    return (await this.range(revision, 1))[0]
  }

  /** The events at those of the revisions that the log reaches; `head` is its last one as far as it is known. */
  async pick(
    head: bigint,
    revisions: readonly bigint[],
  ): Promise<ReadonlyMap<bigint, RecordedEvent>> {
    const events = new Map<bigint, RecordedEvent>()
    for (const revision of new Set(revisions)) {
      const event = revision > head ? undefined : await this.at(revision)
      if (event !== undefined) events.set(revision, event)
    }
    return events
  }

  async range(from: bigint, count: number): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = []
    while (events.length < count) {
      const page = await this.#store.readStream(
        this.#stream,
        from + BigInt(events.length),
        Math.min(pageSize, count - events.length),
      )
      if (page.length === 0) break
      events.push(...page.map((stored) => decodeEvent(stored.json)))
    }
    return events
  }

  /** The stored bytes from a revision on, for comparing; fewer where the log ends before. */
  async bytes(from: bigint, count: number): Promise<readonly string[]> {
    const bytes: string[] = []
    while (bytes.length < count) {
      const next = from + BigInt(bytes.length)
      const page = await this.#store.readStream(this.#stream, next, count - bytes.length)
      if (page.length === 0) break
      bytes.push(...page.map((stored) => stored.json))
    }
    return bytes
  }

  /**
   * The earlier events about the same ledger, account or hold, newest first: the chain of `previous` down to its
   * beginning, or to the first that is `known`, which is left out.
   */
  async earlier(
    event: RecordedEvent,
    known: (revision: bigint) => boolean,
  ): Promise<readonly RecordedEvent[]> {
    const chain: RecordedEvent[] = []
    let link = previousOf(event)
    while (link !== undefined && !known(link)) {
      const earlier = await this.at(link)
      if (earlier === undefined) throw new Error(`revision ${link} is missing from ${this.#stream}`)
      chain.push(earlier)
      if (chain.length % readsPerTurn === 0) await turn()
      link = previousOf(earlier)
    }
    return chain
  }
}

/** The revision of the event before in its chain; undefined at the beginning of one. */
export function previousOf({ data }: RecordedEvent): bigint | undefined {
  return 'previous' in data ? BigInt(data.previous) : undefined
}
