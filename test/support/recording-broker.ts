import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import type { EventPublisher } from '#ports/event-publisher.ts'
import type { StoredEvent } from '#ports/event-store.ts'

export type Publication = {
  readonly by: string
  readonly stream: string
  readonly revision: bigint
}

/** A broker in memory: remembers what it was sent, in order, by whom, and what it acknowledged. */
export class RecordingBroker {
  readonly records: Publication[] = []
  readonly acknowledged = new Set<string>()
  #stalled: PromiseWithResolvers<void> | undefined
  #taking = 0

  /** Takes so many more, then nothing until `goOn`. */
  stall(after = 0): void {
    this.#stalled ??= Promise.withResolvers()
    this.#taking = after
  }

  goOn(): void {
    this.#stalled?.resolve()
    this.#stalled = undefined
  }

  /** One relay's way in. Takes event by event, so that two relays' events mix; what was taken before an abort stays. */
  publisher(by: string): Pick<EventPublisher, 'publish'> {
    return {
      publish: async (events, signal) => {
        for (const event of events) {
          await Promise.race([this.#turn(), aborted(signal)])
          signal.throwIfAborted()
          this.records.push({ by, stream: event.stream, revision: event.revision })
        }
        for (const event of events) this.acknowledged.add(placeOf(event))
      },
    }
  }

  #turn(): Promise<unknown> {
    if (this.#stalled === undefined) return turnOfTheLoop()
    this.#taking -= 1
    return this.#taking < 0 ? this.#stalled.promise : turnOfTheLoop()
  }

  revisionsOf(stream: string): readonly bigint[] {
    return this.records.filter((each) => each.stream === stream).map(({ revision }) => revision)
  }
}

export function placeOf({ stream, revision }: Pick<StoredEvent, 'stream' | 'revision'>): string {
  return `${stream} ${revision}`
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
