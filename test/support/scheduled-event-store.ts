import {
  AppendOutcomeUnknown,
  type EventStore,
  EventStoreUnavailable,
  type EventToAppend,
  type ExpectedRevision,
  type StoredEvent,
} from '#ports/event-store.ts'
import type { ScheduledProcess, Tape } from '#test/support/scheduled-process.ts'

/**
 * What goes wrong with an append. `refused`: certainly nothing was stored. Nobody knows whether it was: `lost` (it was
 * not), `unanswered` (it was), `delayed` (it will be, perhaps after the next attempt). `late`: stored, and heard of later.
 * `broken`: stored, nobody knows, the store has failed for good, and its process has to end.
 */
const appendFaults = ['none', 'refused', 'lost', 'unanswered', 'delayed', 'late', 'broken'] as const

const readFaults = ['none', 'unavailable', 'late', 'short', 'short and late'] as const

type AppendFault = (typeof appendFaults)[number]

/** The highest number on a tape that means a fault. */
export const storeFaultMax = appendFaults.length - 1

/** One process's way to a log that others share: each call is a step of the world, and goes wrong as the tape says. */
export class ScheduledEventStore implements EventStore {
  readonly #log: EventStore
  readonly #process: ScheduledProcess
  readonly #tape: Tape
  readonly #failure = new AbortController()

  constructor(log: EventStore, process: ScheduledProcess, tape: Tape) {
    this.#log = log
    this.#process = process
    this.#tape = tape
  }

  get failed(): AbortSignal {
    return this.#failure.signal
  }

  append(
    stream: string,
    events: readonly EventToAppend[],
    expected: ExpectedRevision,
  ): Promise<bigint> {
    const fault = this.failed.aborted ? 'lost' : (appendFaults[this.#tape.next()] ?? 'none')
    const what = `appends ${events.length} to ${stream} after ${expected}`
    return this.#process.ask(fault === 'none' ? what : `${what}, ${fault}`, {
      isLate: fault === 'late',
      work: () => this.#suffer(fault, what, () => this.#log.append(stream, events, expected)),
    })
  }

  readStream(stream: string, from: bigint, limit: number): Promise<readonly StoredEvent[]> {
    return this.#read(`reads ${stream} from ${from}`, limit, (atMost) =>
      this.#log.readStream(stream, from, atMost),
    )
  }

  readAll(after: bigint | undefined, limit: number): Promise<readonly StoredEvent[]> {
    return this.#read(`reads all after ${after}`, limit, (atMost) =>
      this.#log.readAll(after, atMost),
    )
  }

  end(): Promise<bigint | undefined> {
    return this.#read('looks for the end of all', 1, () => this.#log.end())
  }

  head(stream: string): Promise<ExpectedRevision> {
    return this.#read(`looks for the end of ${stream}`, 1, () => this.#log.head(stream))
  }

  async check(): Promise<void> {
    await this.#process.step('checks the store')
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #suffer(fault: AppendFault, what: string, work: () => Promise<bigint>): Promise<bigint> {
    if (fault === 'none' || fault === 'late') return work()
    if (fault === 'refused') throw new EventStoreUnavailable('the disk is full')
    if (fault === 'unanswered' || fault === 'broken') await work().catch(() => undefined)
    if (fault === 'broken') this.#failure.abort(new AppendOutcomeUnknown('the disk is broken'))
    if (fault === 'delayed')
      void this.#process.world
        .step(`what ${this.#process.name} sent arrives: ${what}`)
        .then(work)
        .catch(() => undefined)
    throw new AppendOutcomeUnknown('the answer was lost')
  }

  #read<Answer>(
    what: string,
    limit: number,
    work: (limit: number) => Promise<Answer>,
  ): Promise<Answer> {
    const fault = readFaults[this.#tape.next()] ?? 'none'
    return this.#process.ask(fault === 'none' ? what : `${what}, ${fault}`, {
      isLate: fault.endsWith('late'),
      work: async () => {
        if (fault === 'unavailable') throw new EventStoreUnavailable('the log cannot be read')
        return work(fault.startsWith('short') ? 1 : limit)
      },
    })
  }
}
