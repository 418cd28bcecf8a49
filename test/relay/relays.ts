import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#adapters/system/clock.ts'
import { relayStream } from '#events/stream-names.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { RelayLimits } from '#relay/limits.ts'
import { type RelayEntry, relayEntryOf } from '#relay/relay-stream.ts'
import { Relay, type RelayParts } from '#relay/relay.ts'
import type { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

/** Fast enough for a test, and slow enough that a busy machine doesn't lose a lease of `leaseMs` by itself. */
export const quick: RelayLimits = {
  pageEvents: 5,
  leaseMs: 400,
  checkpointIntervalMs: 5,
  standbyPollMs: 5,
  handOverMs: 300,
  waitFirstMs: 1,
  waitMaxMs: 5,
  retryFirstMs: 1,
  retryMaxMs: 10,
}

export type RunningRelay = AsyncDisposable & {
  readonly relay: Relay
  readonly lines: ReturnType<typeof recordingLogger>['lines']
  /** Settles with `run`. */
  readonly ended: Promise<void>
  /** As on SIGTERM. */
  stop(): Promise<void>
}

/** A relay at work in this process. */
export function startRelay(
  parts: Pick<RelayParts, 'store' | 'publisher'> & Partial<RelayParts>,
): RunningRelay {
  const { logger, lines } = recordingLogger()
  const own = { clock: systemClock, holder: randomUUID(), stream: relayStream, logger }
  const relay = new Relay({ ...own, ...parts, limits: { ...quick, ...parts.limits } })
  const end = new AbortController()
  const ended = relay.run(end.signal)
  ended.catch(() => {})
  const stop = async () => {
    end.abort()
    await ended
  }
  return { relay, lines, ended, stop, [Symbol.asyncDispose]: () => stop().catch(() => {}) }
}

/** Appends events to a ledger's stream. */
export async function record(store: MemoryEventStore, stream: string, count = 1): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const id = randomUUID()
    const revision = store.eventsOf(stream).length
    const event = { id, type: 'Counted', json: JSON.stringify({ id }) }
    await store.append(stream, [event], revision === 0 ? 'no-stream' : BigInt(revision) - 1n)
  }
}

/** What the relays noted down so far. */
export function entriesOf(store: MemoryEventStore): readonly RelayEntry[] {
  return store.eventsOf(relayStream).map(relayEntryOf)
}

export function upTo(count: number): readonly bigint[] {
  return Array.from({ length: count }, (_, revision) => BigInt(revision))
}

/** The same log as one process reaches it: overridden calls fail or wait. */
export function reached(store: EventStore, own: Partial<EventStore>): EventStore {
  return {
    append: (stream, events, expected) => store.append(stream, events, expected),
    readStream: (stream, from, limit) => store.readStream(stream, from, limit),
    readAll: (after, limit) => store.readAll(after, limit),
    end: () => store.end(),
    head: (stream) => store.head(stream),
    check: () => store.check(),
    failed: store.failed,
    [Symbol.asyncDispose]: async () => {},
    ...own,
  }
}

/** The log as a process that SIGSTOP stops reaches it: what it asked for is answered when it goes on. */
export function aPausableStore(store: EventStore): {
  readonly store: EventStore
  pause(): void
  goOn(): void
} {
  let paused: PromiseWithResolvers<void> | undefined
  async function pausing<Result>(ask: () => Promise<Result>): Promise<Result> {
    await paused?.promise
    const result = await ask()
    await paused?.promise
    return result
  }
  return {
    store: reached(store, {
      append: (...given) => pausing(() => store.append(...given)),
      head: (stream) => pausing(() => store.head(stream)),
      readAll: (after, limit) => pausing(() => store.readAll(after, limit)),
      readStream: (...given) => pausing(() => store.readStream(...given)),
    }),
    pause() {
      paused ??= Promise.withResolvers()
    },
    goOn() {
      paused?.resolve()
      paused = undefined
    },
  }
}

export async function until(holds: () => boolean, withinMs = 10_000): Promise<void> {
  const begunMs = performance.now()
  while (!holds()) {
    if (performance.now() - begunMs > withinMs) throw new Error(`not within ${withinMs} ms`)
    await sleep(2)
  }
}
