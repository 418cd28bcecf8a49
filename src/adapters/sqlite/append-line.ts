import assert from 'node:assert/strict'
import type { Worker } from 'node:worker_threads'
import {
  type AppendMessage,
  appendMessage,
  type FromWorker,
  isPosition,
  type ToWorker,
  wrongRevision,
} from '#adapters/sqlite/event-store-messages.ts'
import {
  AppendOutcomeUnknown,
  appendBytesMax,
  appendEventsMax,
  type EventStore,
  EventStoreUnavailable,
  type EventToAppend,
  type ExpectedRevision,
  WrongExpectedRevision,
} from '#ports/event-store.ts'

/** One COMMIT takes at most this many bytes of events, so that nobody waits long for others' appends. */
const commitBytesMax = 8 * appendBytesMax

/** What may wait for the worker; beyond it appends are refused rather than kept in memory. */
export const waitingBytesMax = 64 * 1024 * 1024

type Waiting = {
  readonly stream: string
  readonly expected: ExpectedRevision
  readonly message: AppendMessage
  readonly bytes: number
  readonly resolve: (position: bigint) => void
  readonly reject: (error: Error) => void
}

/**
 * The line of appends before the worker. One message is with the worker at a time; what comes meanwhile goes out
 * together as the next one, and so shares its fsync.
 */
export class AppendLine {
  readonly #worker: Worker
  readonly #failure = new AbortController()
  readonly #emptied: (() => void)[] = []
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #sent: readonly Waiting[] = []
  #sending = false
  #closing = false
  #refusing = false

  constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (answer: FromWorker) => this.#settle(answer))
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => this.#ended())
  }

  get failed(): AbortSignal {
    return this.#failure.signal
  }

  /** Whether the last commit could not be made. */
  get refusing(): boolean {
    return this.#refusing
  }

  readonly append: EventStore['append'] = async (stream, events, expected) => {
    const bytes = checkedBytes(events, expected)
    const refusal = this.#refusal(bytes)
    if (refusal !== undefined) throw new EventStoreUnavailable(refusal)
    return new Promise((resolve, reject) => {
      const message = appendMessage(stream, events, expected)
      this.#waiting.push({ stream, expected, message, bytes, resolve, reject })
      this.#waitingBytes += bytes
      this.#sendSoon()
    })
  }

  /** Takes no more appends, waits until those it has are answered, and ends the worker. */
  async close(): Promise<void> {
    this.#closing = true
    if (this.#sent.length + this.#waiting.length > 0)
      await new Promise<void>((resolve) => this.#emptied.push(resolve))
    if (this.failed.aborted) await this.#worker.terminate()
    else await this.#dismissWorker()
  }

  /** Takes no more appends for good: the log has failed elsewhere. */
  fail(message: string, cause: unknown): void {
    this.#fail(cause, message)
  }

  #refusal(bytes: number): string | undefined {
    if (this.failed.aborted) return 'the event log has failed; the process has to end'
    if (this.#closing) return 'the event log is closing'
    if (this.#waitingBytes + bytes > waitingBytesMax) return 'too many appends are waiting'
    return undefined
  }

  /** At the end of this turn of the event loop's microtasks, so that appends made together go together. */
  #sendSoon(): void {
    if (this.#sending) return
    this.#sending = true
    queueMicrotask(() => this.#send())
  }

  #send(): void {
    this.#sent = this.#takeBatch()
    this.#sending = this.#sent.length > 0
    if (this.#sending) this.#post(this.#sent.map(({ message }) => message))
    else for (const tell of this.#emptied.splice(0)) tell()
  }

  #takeBatch(): readonly Waiting[] {
    let count = 0
    let bytes = 0
    for (const waiting of this.#waiting) {
      if (count > 0 && bytes + waiting.bytes > commitBytesMax) break
      count += 1
      bytes += waiting.bytes
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #settle(answer: FromWorker): void {
    this.#refusing = answer[0] === 'unavailable'
    switch (answer[0]) {
      case 'ready':
        return
      case 'unknown':
        this.#fail(new Error(answer[1]))
        return
      case 'unavailable':
        for (const { reject } of this.#sent) reject(new EventStoreUnavailable(answer[1]))
        break
      case 'committed':
        for (const [index, sent] of this.#sent.entries()) settleOne(sent, answer[1][index] ?? '')
    }
    this.#send()
  }

  /** What the worker had may be stored; what waited is not. */
  #fail(cause: unknown, message = 'the commit of the event log failed'): void {
    if (this.failed.aborted) return
    const reason = new AppendOutcomeUnknown(message, { cause })
    this.#failure.abort(reason)
    for (const { reject } of this.#sent) reject(new AppendOutcomeUnknown(reason.message, { cause }))
    for (const { reject } of this.#waiting) reject(new EventStoreUnavailable(reason.message))
    this.#waiting = []
    this.#waitingBytes = 0
    this.#send()
  }

  #ended(): void {
    if (!this.#closing || this.#sending)
      this.#fail(new Error('the thread that writes the log ended'))
  }

  #dismissWorker(): Promise<void> {
    return new Promise((resolve) => {
      this.#worker.once('exit', () => resolve())
      this.#post('close')
    })
  }
}

function checkedBytes(events: readonly EventToAppend[], expected: ExpectedRevision): number {
  assert(events.length > 0 && events.length <= appendEventsMax, 'an append has 1 to 500 events')
  assert(expected === 'no-stream' || expected >= 0n, 'revisions count from 0')
  let bytes = 0
  for (const { json } of events) bytes += Buffer.byteLength(json)
  assert(bytes <= appendBytesMax, 'an append has at most 512 KiB')
  return bytes
}

function settleOne(sent: Waiting, outcome: string): void {
  if (isPosition(outcome)) sent.resolve(BigInt(outcome))
  else if (outcome === wrongRevision)
    sent.reject(new WrongExpectedRevision(sent.stream, sent.expected))
  else sent.reject(new EventStoreUnavailable(`the event log takes no such append: ${outcome}`))
}
