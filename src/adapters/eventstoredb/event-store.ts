import assert from 'node:assert/strict'
import { parseAddress } from '#adapters/eventstoredb/address.ts'
import { AppendTurns } from '#adapters/eventstoredb/append-turns.ts'
import { Appender } from '#adapters/eventstoredb/appender.ts'
import { openConnection } from '#adapters/eventstoredb/connection.ts'
import { defaultLimits, type EventStoreDbLimits } from '#adapters/eventstoredb/limits.ts'
import { Reader } from '#adapters/eventstoredb/reader.ts'
import { WakeUp } from '#adapters/eventstoredb/wake-up.ts'
import {
  appendBytesMax,
  appendEventsMax,
  type EventStore,
  EventStoreUnavailable,
  type EventToAppend,
  type ExpectedRevision,
} from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'

/** The log in EventStoreDB (24.10). `failed` never aborts: the server, not this process, holds what is stored. */
export type EventStoreDb = EventStore & {
  /**
   * Resolves after `delayMs`, or sooner: when the server tells of new events, and at the abort. Never rejects, and may
   * miss any event: it makes polling quick, not needless.
   */
  readonly appended: (delayMs: number, signal: AbortSignal) => Promise<void>
}

export type EventStoreDbOptions = {
  /** `esdb://[user:password@]host[:port][?options]`, `esdb+discover://`, or the same with `kurrentdb`. */
  readonly url: string
  /** Stands before every stream's name on the server, and nowhere else: several logs may share one. */
  readonly streamPrefix?: string
  readonly logger: Logger
  readonly limits?: Partial<EventStoreDbLimits>
}

/** What the names of our streams begin with; readers of all streams see no others. */
const streams = ['ledger-', 'daybook-']

/**
 * Opens a log on a server, which need not answer yet: `check` tells. Other streams on it, and the server's own, are
 * never seen. Closing finishes the appends that were accepted.
 * @throws {EventStoreUrlRefused} for a URL that can't be understood.
 */
export async function openEventStoreDb(options: EventStoreDbOptions): Promise<EventStoreDb> {
  const { reader, wakeUp, turns, appender, close } = openParts(options)
  let closed = false
  const whileOpen =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (closed) throw new EventStoreUnavailable('the event store is closed')
      return call(...args)
    }
  const append: EventStore['append'] = (stream, events, expected) => {
    assertBounds(events, expected)
    return turns.take(stream, () => appender.append({ stream, events, expected }))
  }
  return {
    append: whileOpen(append),
    readStream: whileOpen((stream, from, limit) => reader.readStream(stream, from, limit)),
    head: whileOpen((stream) => reader.head(stream)),
    readAll: whileOpen((after, limit, signal) => reader.readAll(after, limit, signal)),
    end: whileOpen((signal) => reader.end(signal)),
    check: whileOpen(() => reader.check()),
    failed: new AbortController().signal,
    appended: wakeUp.appended,
    [Symbol.asyncDispose]: async () => {
      closed = true
      await close()
    },
  }
}

/** A connection each: for one failed call the client throws a connection away, with all that is under way on it. */
function openParts({ url, streamPrefix = '', logger, ...options }: EventStoreDbOptions) {
  const address = parseAddress(url)
  const limits = { ...defaultLimits, ...options.limits }
  const prefixes = streams.map((name) => `${streamPrefix}${name}`)
  const closing = new AsyncDisposableStack()
  const connect = () => closing.adopt(openConnection(address), (connection) => connection.close())

  const reader = new Reader({ address, connection: connect(), streamPrefix, prefixes, limits })
  const wakeUp = closing.adopt(
    new WakeUp({ address, connection: connect(), prefixes, limits, logger }),
    (it) => it.close(),
  )
  const { appendDeadlineMs: deadlineMs } = limits
  const connection = connect()
  const appender = new Appender({ address, connection, reader, streamPrefix, deadlineMs })
  const turns = closing.adopt(new AppendTurns(limits), (it) => it.drained())
  const close = () => closing.disposeAsync()
  return { reader, wakeUp, turns, appender, close }
}

function assertBounds(events: readonly EventToAppend[], expected: ExpectedRevision): void {
  const bytes = events.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0)
  assert(events.length > 0 && events.length <= appendEventsMax, 'an append has 1 to 500 events')
  assert(bytes <= appendBytesMax, 'an append has at most 512 KiB')
  assert(expected === 'no-stream' || expected >= 0n, 'revisions count from 0')
}
