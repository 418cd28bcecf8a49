import type { Job } from '#commands/handler/job.ts'
import { LedgerWriter } from '#commands/handler/ledger-writer.ts'
import type { LedgersInMemory } from '#commands/handler/ledgers-in-memory.ts'
import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import { overloaded, unavailable } from '#commands/handler/refusals.ts'
import type { Rehearsal } from '#commands/handler/rehearsal.ts'
import type { Round } from '#commands/handler/round.ts'
import type { Slices } from '#commands/handler/slices.ts'
import { refusalFor } from '#commands/handler/store-failures.ts'
import type { WriterParts } from '#commands/handler/writer-parts.ts'
import type { Ledger } from '#ledger/ledger.ts'
import { BooksCacheUnavailable } from '#ports/books-cache.ts'
import type { LedgerId } from '#values/ids.ts'

/** Dry runs that may wait at a time. What the program itself looks up is bounded by what it was asked to do. */
const rehearsalsMax = 1_000

/** The writers of this process, one per ledger. What waits for them is bounded by who asks. */
export class LedgerWriters implements AsyncDisposable {
  readonly #parts: WriterParts
  readonly #writers: LedgersInMemory
  #rehearsals = 0
  #closing = false

  constructor(parts: WriterParts, writers: LedgersInMemory) {
    this.#parts = parts
    this.#writers = writers
  }

  /** The refusal of everything, once nothing is taken any more. */
  get refusal(): RefusedOutcome | undefined {
    return this.#closing ? stopping : undefined
  }

  of(ledgerId: LedgerId): LedgerWriter {
    const known = this.#writers.get(ledgerId)
    if (known !== undefined) return known
    const writer = new LedgerWriter(ledgerId, this.#parts, () =>
      this.#writers.rested(ledgerId, writer),
    )
    this.#writers.add(ledgerId, writer)
    return writer
  }

  /** Queues jobs of one ledger; each is settled once. Refuses the lot where nothing is taken any more. */
  submit(ledgerId: LedgerId, jobs: readonly Job[]): RefusedOutcome | undefined {
    if (!this.#closing) this.of(ledgerId).submit(jobs)
    return this.refusal
  }

  /** Tries something out on the books as they are stored; all of it is taken back. */
  async rehearse<Result>(
    ledgerId: LedgerId,
    decide: (round: Round, ledger: Ledger, slices: Slices) => Result | Promise<Result>,
    looksAt: readonly bigint[],
  ): Promise<Result | RefusedOutcome> {
    if (this.#rehearsals >= rehearsalsMax) return overloaded
    this.#rehearsals += 1
    try {
      return await this.#try(ledgerId, decide, looksAt)
    } finally {
      this.#rehearsals -= 1
    }
  }

  /** Asks the books as they are stored, at a time to decide at. */
  ask<Result>(
    ledgerId: LedgerId,
    question: (ledger: Ledger) => Result,
  ): Promise<Result | RefusedOutcome> {
    return this.#try(ledgerId, (_round, ledger) => question(ledger), [])
  }

  /** Asks the books as they are stored, also while nothing is decided because of the clock; `keys` of what is to be done then. */
  lookUp<Result>(
    ledgerId: LedgerId,
    keys: readonly string[],
    ask: (ledger: Ledger) => Result,
  ): Promise<Result | RefusedOutcome> {
    return this.#between(ledgerId, ({ resolve, reject }) => ({
      kind: 'look-up',
      looksAt: [],
      keys,
      run: (ledger) => void answer(() => ask(ledger), { resolve, reject }),
      refuse: resolve,
    }))
  }

  #try<Result>(
    ledgerId: LedgerId,
    decide: (round: Round, ledger: Ledger, slices: Slices) => Result | Promise<Result>,
    looksAt: readonly bigint[],
  ): Promise<Result | RefusedOutcome> {
    return this.#between(ledgerId, ({ resolve, reject }) => ({
      kind: 'try',
      looksAt,
      keys: [],
      run: (round, ledger) =>
        answer(() => decide(round, ledger, this.#parts.slices), { resolve, reject }),
      refuse: resolve,
    }))
  }

  async #between<Result>(
    ledgerId: LedgerId,
    rehearsalFor: (settling: Settling<Result>) => Rehearsal,
  ): Promise<Result | RefusedOutcome> {
    if (this.#closing) return stopping
    const { promise, resolve, reject } = Promise.withResolvers<Result | RefusedOutcome>()
    this.of(ledgerId).rehearse(rehearsalFor({ resolve, reject }))
    return promise
  }

  /** Takes no more and waits for what was taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true
    this.#writers[Symbol.dispose]()
    await Promise.all([...this.#writers.writers()].map((writer) => writer.drained()))
  }
}

type Settling<Result> = {
  readonly resolve: (result: Result | RefusedOutcome) => void
  readonly reject: (error: unknown) => void
}

/**
 * Answers with what the work comes to, at once unless that takes several turns.
 * @throws {BooksCacheUnavailable} after answering with a refusal: the books have to be read anew.
 */
function answer<Result>(
  work: () => Result | Promise<Result>,
  { resolve, reject }: Settling<Result>,
): Promise<void> | undefined {
  const fail = (error: unknown) => {
    if (!(error instanceof BooksCacheUnavailable)) return reject(error)
    resolve(refusalFor(error))
    throw error
  }
  try {
    const result = work()
    if (result instanceof Promise) return result.then(resolve, fail)
    resolve(result)
  } catch (error) {
    fail(error)
  }
  return undefined
}

const stopping = unavailable('the program is stopping')
