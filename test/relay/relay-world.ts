import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { relayStream } from '#events/stream-names.ts'
import {
  AppendOutcomeUnknown,
  type EventStore,
  EventStoreUnavailable,
  type StoredEvent,
} from '#ports/event-store.ts'
import type { RelayLimits } from '#relay/limits.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { placeOf, RecordingBroker } from '#test/support/recording-broker.ts'
import {
  entriesOf,
  quick,
  reached,
  record,
  type RunningRelay,
  startRelay,
  until,
} from '#test/relay/relays.ts'

/** What becomes of an append: refused; stored, or not, or later, while the answer is lost. */
export type Fault = 'unavailable' | 'stored' | 'lost' | 'late'

export type Step =
  | { readonly kind: 'record'; readonly ledger: number; readonly count: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'stall'; readonly ms: number }
  | { readonly kind: 'crash' | 'stop'; readonly relay: number }
  | { readonly kind: 'pause'; readonly relay: number; readonly ms: number }
  | { readonly kind: 'faults'; readonly relay: number; readonly faults: readonly Fault[] }
  | { readonly kind: 'unreadable'; readonly relay: number; readonly reads: number }

/** What a process that was killed sees of the world. */
export class Crashed extends Error {
  override readonly name = 'Crashed'
}

/** One process: its relay, and what stands between it and the world. */
type Place = {
  running: RunningRelay
  readonly faults: Fault[]
  failingReads: number
  paused: Promise<unknown> | undefined
  isDead: boolean
}

/** A lease so short that relays take over from those that are well, too: nothing may depend on it. */
const hasty: RelayLimits = { ...quick, leaseMs: 20, checkpointIntervalMs: 3, handOverMs: 50 }

/** Several relays of one log and one broker, and everything that may happen to them. */
export class RelayWorld implements AsyncDisposable {
  readonly store = new MemoryEventStore()
  readonly broker = new RecordingBroker()
  /** Entries that claimed more than the broker had acknowledged. */
  readonly overstated: string[] = []
  /** Why relays ended. */
  readonly failures: unknown[] = []
  readonly #ledgers: readonly string[]
  readonly #places: Place[]
  readonly #later: Promise<unknown>[] = []

  constructor(ledgers: readonly string[], relays: number) {
    this.#ledgers = ledgers
    this.#places = Array.from({ length: relays }, () => this.#open())
  }

  async play(step: Step): Promise<void> {
    switch (step.kind) {
      case 'record':
        await record(this.store, this.#ledgers[step.ledger] ?? '', step.count)
        return
      case 'wait':
        await sleep(step.ms)
        return
      case 'stall':
        this.broker.stall()
        this.#later.push(sleep(step.ms).then(() => this.broker.goOn()))
        return
      case 'crash':
        await this.#replace(step.relay, (place) => {
          place.isDead = true
        })
        return
      case 'stop':
        await this.#replace(step.relay, (place) => place.running.stop())
        return
      case 'pause':
        this.#at(step.relay).paused = sleep(step.ms)
        return
      case 'faults':
        this.#at(step.relay).faults.push(...step.faults)
        return
      case 'unreadable':
        this.#at(step.relay).failingReads += step.reads
    }
  }

  async caughtUp(): Promise<void> {
    const count = this.#ledgers.reduce((sum, each) => sum + this.store.eventsOf(each).length, 0)
    await until(() => this.broker.acknowledged.size === count)
    await until(() => this.store.eventsOf(relayStream).length > 0 && this.#isStored())
  }

  /** Nothing happens any more: the relays catch up and stop. */
  async settle(): Promise<void> {
    await Promise.all(this.#later)
    for (const place of this.#places) {
      place.faults.length = 0
      place.failingReads = 0
    }
    await this.caughtUp()
    await this[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.broker.goOn()
    for (const { running } of this.#places) await running.stop().catch(() => {})
    await Promise.all(this.#later)
  }

  #isStored(): boolean {
    const ends = this.#ledgers.map((each) => this.store.eventsOf(each).at(-1)?.position ?? -1n)
    const position = entriesOf(this.store).at(-1)?.position ?? -1n
    return ends.every((end) => end <= position)
  }

  #at(index: number): Place {
    const place = this.#places[index]
    if (place === undefined) throw new Error(`there is no relay ${index}`)
    return place
  }

  async #replace(index: number, end: (place: Place) => unknown): Promise<void> {
    const place = this.#at(index)
    await end(place)
    this.#later.push(place.running.ended.catch(() => {}))
    this.#places[index] = this.#open()
  }

  #open(): Place {
    const holder = randomUUID()
    const state = { faults: [], failingReads: 0, paused: undefined, isDead: false }
    const place: Omit<Place, 'running'> = state
    const publisher = this.broker.publisher(holder)
    const running = startRelay({
      holder,
      limits: hasty,
      store: this.#seenFrom(place),
      publisher: {
        publish: async (events, signal) => {
          for (const event of events) {
            await alive(place)
            await publisher.publish([event], signal)
          }
        },
      },
    })
    running.ended.catch((error: unknown) => this.failures.push(error))
    return Object.assign(state, { running })
  }

  #seenFrom(place: Omit<Place, 'running'>): EventStore {
    const { store } = this
    async function read<Result>(ask: () => Promise<Result>): Promise<Result> {
      await alive(place)
      if (place.failingReads > 0) {
        place.failingReads -= 1
        throw new EventStoreUnavailable('the log cannot be read')
      }
      return ask()
    }
    return reached(store, {
      head: (stream) => read(() => store.head(stream)),
      readAll: (after, limit) => read(() => store.readAll(after, limit)),
      readStream: (stream, from, limit) => read(() => store.readStream(stream, from, limit)),
      append: async (...given) => {
        await alive(place)
        const append = () => this.#append(...given)
        const position = await this.#perhaps(place.faults.shift(), append)
        await alive(place)
        return position
      },
    })
  }

  async #append(...given: Parameters<EventStore['append']>): Promise<bigint> {
    const position = await this.store.append(...given)
    const entry = entriesOf(this.store).at(-1)
    const isAcknowledged = (event: StoredEvent) => this.broker.acknowledged.has(placeOf(event))
    for (const event of this.#ledgers.flatMap((each) => this.store.eventsOf(each)))
      if (event.position <= (entry?.position ?? -1n) && !isAcknowledged(event))
        this.overstated.push(`entry ${entry?.revision} before ${placeOf(event)}`)
    return position
  }

  async #perhaps(fault: Fault | undefined, append: () => Promise<bigint>): Promise<bigint> {
    switch (fault) {
      case undefined:
        return append()
      case 'unavailable':
        throw new EventStoreUnavailable('the disk is full')
      case 'lost':
        break
      case 'stored':
        await append()
        break
      case 'late':
        this.#later.push(
          sleep(10)
            .then(append)
            .catch(() => {}),
        )
    }
    throw new AppendOutcomeUnknown('the answer was lost')
  }
}

async function alive(place: Pick<Place, 'paused' | 'isDead'>): Promise<void> {
  await place.paused
  if (place.isDead) throw new Crashed()
}
