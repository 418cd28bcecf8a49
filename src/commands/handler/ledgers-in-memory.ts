import type { LedgerWriter } from '#commands/handler/ledger-writer.ts'
import type { Pace } from '#ports/pace.ts'
import type { LedgerId } from '#values/ids.ts'

/** How much may stay in memory of ledgers that nobody uses just now. */
export type MemoryBounds = {
  /** Bytes of all books together, about; the ledger used last stays even where it is larger. */
  readonly bytesMax: number
  readonly ledgersMax: number
  /** A ledger not used for so long is let go. */
  readonly idleMs: number
  /** A ledger that has so many more events than were kept is kept before it is let go. */
  readonly unkeptMax: bigint
}

export const defaultMemoryBounds: MemoryBounds = {
  bytesMax: 1024 * 1024 * 1024,
  ledgersMax: 10_000,
  idleMs: 10 * 60_000,
  unkeptMax: 1_000n,
}

// A ledger is measured again once it has so many more events, or an eighth more; what it weighs is always known.
const measureAfterMax = 1_000n

// Ledgers that are kept before they are let go, at a time; more are let go at once.
const leavingMax = 16

type Resident = {
  readonly writer: LedgerWriter
  usedAt: number
  uses: number
  bytes: number
  /** What of the bytes its texts are. */
  weight: number
  measuredAt: bigint
}

const unmeasured = { bytes: 0, weight: 0, measuredAt: -1n }

/**
 * The writers in memory, least recently used first. Those at rest are let go when there is too much of them, and a
 * command for one of them just makes a new one, which begins from what was kept.
 */
export class LedgersInMemory implements Disposable {
  readonly #bounds: MemoryBounds
  readonly #nowMs: () => number
  readonly #pace: Pace
  readonly #residents = new Map<LedgerId, Resident>()
  readonly #leaving = new Set<LedgerId>()
  #bytes = 0
  #endSweeping: (() => void) | undefined
  #closed = false

  /** `nowMs` never jumps. */
  constructor(bounds: MemoryBounds, nowMs: () => number, pace: Pace) {
    this.#bounds = bounds
    this.#nowMs = nowMs
    this.#pace = pace
  }

  /** The writer of a ledger, used just now. */
  get(ledgerId: LedgerId): LedgerWriter | undefined {
    const resident = this.#residents.get(ledgerId)
    if (resident === undefined) return undefined
    resident.usedAt = this.#nowMs()
    resident.uses += 1
    // Whoever is always busy grows too.
    this.#measure(resident)
    // Last in the map again.
    this.#residents.delete(ledgerId)
    this.#residents.set(ledgerId, resident)
    return resident.writer
  }

  add(ledgerId: LedgerId, writer: LedgerWriter): void {
    const usedAt = this.#nowMs()
    this.#residents.set(ledgerId, { writer, usedAt, uses: 1, ...unmeasured })
    if (!this.#closed)
      this.#endSweeping ??= this.#pace.every(this.#bounds.idleMs / 10, () => this.#sweep())
  }

  /** Nothing of the ledger waits any more. */
  rested(ledgerId: LedgerId, writer: LedgerWriter): void {
    const resident = this.#residents.get(ledgerId)
    if (resident?.writer !== writer) return
    // Anyone may ask for any name.
    if (writer.blank) return this.#drop(ledgerId, resident)
    this.#measure(resident)
    this.#makeRoom()
  }

  *writers(): Iterable<LedgerWriter> {
    for (const { writer } of this.#residents.values()) yield writer
  }

  /** Lets nobody go any more. */
  [Symbol.dispose](): void {
    this.#closed = true
    this.#endSweeping?.()
  }

  #measure(resident: Resident): void {
    const { revision, weight, bytes } = resident.writer.standing
    const isDue = revision - resident.measuredAt >= measureAfter(resident.measuredAt)
    const measured = isDue ? bytes() : resident.bytes + weight - resident.weight
    this.#bytes += measured - resident.bytes
    resident.bytes = measured
    resident.weight = weight
    if (isDue) resident.measuredAt = revision
  }

  #isTooMuch(): boolean {
    const count = this.#residents.size - this.#leaving.size
    return count > this.#bounds.ledgersMax || (this.#bytes > this.#bounds.bytesMax && count > 1)
  }

  #makeRoom(): void {
    if (!this.#isTooMuch()) return
    for (const [ledgerId, resident] of this.#residents) {
      if (resident.writer.resting && !this.#leaving.has(ledgerId)) this.#letGo(ledgerId, resident)
      if (!this.#isTooMuch()) return
    }
  }

  #sweep(): void {
    const before = this.#nowMs() - this.#bounds.idleMs
    for (const [ledgerId, resident] of this.#residents) {
      if (resident.usedAt > before) return
      if (resident.writer.resting && !this.#leaving.has(ledgerId)) this.#letGo(ledgerId, resident)
    }
  }

  #letGo(ledgerId: LedgerId, resident: Resident): void {
    if (this.#closed) return
    const { writer } = resident
    if (writer.standing.unkept < this.#bounds.unkeptMax || this.#leaving.size >= leavingMax)
      return this.#drop(ledgerId, resident)
    void this.#keepFirst(ledgerId, resident)
  }

  /** A command that comes meanwhile wins. */
  async #keepFirst(ledgerId: LedgerId, resident: Resident): Promise<void> {
    const { writer, uses } = resident
    this.#leaving.add(ledgerId)
    this.#forgetMeasure(resident)
    await writer.keep()
    this.#leaving.delete(ledgerId)
    if (writer.resting && resident.uses === uses) return this.#drop(ledgerId, resident)
    this.#measure(resident)
    this.#makeRoom()
  }

  #drop(ledgerId: LedgerId, resident: Resident): void {
    if (this.#residents.get(ledgerId) !== resident) return
    this.#residents.delete(ledgerId)
    this.#forgetMeasure(resident)
  }

  #forgetMeasure(resident: Resident): void {
    this.#bytes -= resident.bytes
    Object.assign(resident, unmeasured)
  }
}

function measureAfter(measuredAt: bigint): bigint {
  const eighth = measuredAt / 8n + 1n
  return eighth < measureAfterMax ? eighth : measureAfterMax
}
