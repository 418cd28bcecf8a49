import { type Job, tasksOf } from '#commands/handler/job.ts'
import { LedgerWriter } from '#commands/handler/ledger-writer.ts'
import type { LedgersInMemory } from '#commands/handler/ledgers-in-memory.ts'
import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import { overloaded, unavailable } from '#commands/handler/refusals.ts'
import type { Round } from '#commands/handler/round.ts'
import { refusalFor } from '#commands/handler/store-failures.ts'
import type { WriterParts } from '#commands/handler/writer-parts.ts'
import type { Ledger } from '#ledger/ledger.ts'
import { BooksCacheUnavailable } from '#ports/books-cache.ts'
import type { LedgerId } from '#values/ids.ts'

/** How much may wait for a decision in this process, over all ledgers; bytes are those of the canonical requests. */
export type Bounds = { readonly commandsMax: number; readonly bytesMax: number }

/** Dry runs and look-ups that may wait at a time. */
const rehearsalsMax = 1_000

/** The writers of this process, one per ledger, behind one bound on all that waits. */
export class LedgerWriters implements AsyncDisposable {
  readonly #parts: WriterParts
  readonly #bounds: Bounds
  readonly #writers: LedgersInMemory
  #commands = 0
  #rehearsals = 0
  #bytes = 0
  #closing = false

  constructor(parts: WriterParts, bounds: Bounds, writers: LedgersInMemory) {
    this.#parts = parts
    this.#bounds = bounds
    this.#writers = writers
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

  /** Queues jobs of one ledger and waits until all are settled; refuses the lot where too much waits already. */
  async submit(ledgerId: LedgerId, jobs: readonly Job[]): Promise<RefusedOutcome | undefined> {
    const load = loadOf(jobs)
    const refusal = this.#refusalOf(load)
    if (refusal !== undefined) return refusal
    this.#commands += load.commands
    this.#bytes += load.bytes
    try {
      this.of(ledgerId).submit(jobs)
      await Promise.all(jobs.map((job) => job.settled.promise))
      return undefined
    } finally {
      this.#commands -= load.commands
      this.#bytes -= load.bytes
    }
  }

  /** Tries something out on the books as they are stored; all of it is taken back. */
  async rehearse<Result>(
    ledgerId: LedgerId,
    decide: (round: Round, ledger: Ledger) => Result,
    looksAt: readonly bigint[] = [],
  ): Promise<Result | RefusedOutcome> {
    if (this.#closing) return stopping
    if (this.#rehearsals >= rehearsalsMax) return overloaded
    this.#rehearsals += 1
    try {
      return await new Promise((resolve, reject) => {
        this.of(ledgerId).rehearse({
          looksAt,
          run(round, ledger) {
            try {
              resolve(decide(round, ledger))
            } catch (error) {
              if (!(error instanceof BooksCacheUnavailable)) return reject(error)
              resolve(refusalFor(error))
              throw error
            }
          },
          refuse: resolve,
        })
      })
    } finally {
      this.#rehearsals -= 1
    }
  }

  /** Whether so much more may wait; something alone always may. */
  hasRoom({ commands, bytes }: Load): boolean {
    const { commandsMax, bytesMax } = this.#bounds
    const fits = this.#commands + commands <= commandsMax && this.#bytes + bytes <= bytesMax
    return fits || this.#commands === 0
  }

  /** Takes no more and waits for what was taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true
    this.#writers[Symbol.dispose]()
    await Promise.all([...this.#writers.writers()].map((writer) => writer.drained()))
  }

  #refusalOf(load: Load): RefusedOutcome | undefined {
    if (this.#closing) return stopping
    return this.hasRoom(load) ? undefined : overloaded
  }
}

type Load = { readonly commands: number; readonly bytes: number }

const stopping = unavailable('the program is stopping')

function loadOf(jobs: readonly Job[]): Load {
  let [commands, bytes] = [0, 0]
  for (const job of jobs)
    for (const task of tasksOf(job)) {
      commands += 1
      bytes += task.size
    }
  return { commands, bytes }
}
