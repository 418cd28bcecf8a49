import { ledgerStream } from '#events/stream-names.ts'
import { AppendOutcomeUnknown, type EventStore, WrongExpectedRevision } from '#ports/event-store.ts'
import { loggedEvent } from '#test/support/history-checker-events.ts'
import { storeThrough } from '#test/support/store-through.ts'

/** One sending of a command. The second of two under one key waits for the first, whatever was sent in between. */
export type Sending = {
  readonly ledgerId: string
  readonly key: string
  readonly isAlone: boolean
  revision?: bigint
}

/**
 * What one process was asked in which order and has sent to the store: what it says must agree with that, whatever came
 * of it in the end.
 */
export class WriterWitness {
  readonly #sendings: Sending[] = []
  readonly #waiting = new Set<Sending>()
  /** Of each key that is being appended: whether an earlier try may have stored it. */
  readonly #appending = new Map<string, { mayBeStored: boolean }>()

  /** The store as the process has it. */
  watched(store: EventStore): EventStore {
    return storeThrough(store, async (stream, events, expected) => {
      const places = events.map(({ json }) => `${stream} ${loggedEvent(json).idempotency.key}`)
      for (const place of places)
        if (!this.#appending.has(place)) this.#appending.set(place, { mayBeStored: false })
      try {
        const revision = await store.append(stream, events, expected)
        this.#settle(places)
        return revision
      } catch (error) {
        // A store that has failed for good is asked no more: its process ends.
        if (store.failed.aborted || error instanceof WrongExpectedRevision) this.#settle(places)
        else if (error instanceof AppendOutcomeUnknown) this.#doubt(places)
        else this.#settle(places.filter((place) => !this.#mayBeStored(place)))
        throw error
      }
    })
  }

  /** Takes note of what is sent just now. */
  sent(ledgerId: string, key: string): Sending {
    const isAlone = ![...this.#waiting].some(
      (each) => each.ledgerId === ledgerId && each.key === key,
    )
    const sending = { ledgerId, key, isAlone }
    this.#sendings.push(sending)
    this.#waiting.add(sending)
    return sending
  }

  /** Takes note of its answer, and at which revision it was decided now. */
  answered(sending: Sending, revision: bigint | undefined): void {
    this.#waiting.delete(sending)
    if (revision !== undefined && sending.isAlone) sending.revision = revision
  }

  /** Those of the keys of which nobody can say yet that they have not happened. */
  underWay(ledgerId: string, keys: readonly string[]): readonly string[] {
    return keys.filter((key) => this.#appending.has(`${ledgerStream(ledgerId)} ${key}`))
  }

  /** Whatever was decided before what had been sent before it. */
  get contradictions(): readonly string[] {
    const latest = new Map<string, Sending>()
    const found: string[] = []
    for (const sending of this.#sendings) {
      const { ledgerId, key, revision } = sending
      if (revision === undefined) continue
      const before = latest.get(ledgerId)
      if (before?.revision !== undefined && before.revision > revision)
        found.push(`${key} at ${revision} was sent after ${before.key} at ${before.revision}`)
      else latest.set(ledgerId, sending)
    }
    return found
  }

  #settle(places: readonly string[]): void {
    for (const place of places) this.#appending.delete(place)
  }

  #doubt(places: readonly string[]): void {
    for (const place of places) this.#appending.set(place, { mayBeStored: true })
  }

  #mayBeStored(place: string): boolean {
    return this.#appending.get(place)?.mayBeStored === true
  }
}
