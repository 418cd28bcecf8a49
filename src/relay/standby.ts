import { setTimeout as sleep } from 'node:timers/promises'
import { ledgerOfStream } from '#events/stream-names.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import type { RelayLimits } from '#relay/limits.ts'
import { patiently } from '#relay/patiently.ts'
import { type LeaseParts, RelayLease, takeOver } from '#relay/relay-lease.ts'
import { lastRelayEntry, type RelayEntry } from '#relay/relay-stream.ts'

export type StandbyParts = LeaseParts & {
  readonly store: Pick<EventStore, 'readAll'>
  readonly logger: Logger
  readonly limits: RelayLimits
}

/** To see whether anything waits, it takes one event of a ledger; before it there may be entries of the relays. */
const lookEvents = 20

/**
 * Waits until it is this process's turn: nobody has it, its holder stopped, or its holder has let work wait for the
 * length of a lease without a sign of life. Nothing to do is no reason to take over, and costs no renewals.
 * Resolves to undefined once aborted; waits for the store for as long as it takes. @throws only on a bug.
 */
export async function standBy(
  parts: StandbyParts,
  signal: AbortSignal,
): Promise<RelayLease | undefined> {
  const watch = new Watch(parts)
  try {
    while (!signal.aborted) {
      const lease = await patiently({ ...parts, signal }, () => watch.look())
      if (lease !== undefined) return lease
      await sleep(parts.limits.standbyPollMs, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return undefined
}

/** What a standby has seen of the relay whose turn it is; a look that fails forgets nothing of it. */
class Watch {
  readonly #parts: StandbyParts
  /** The last entry seen, up to where the log after its position has no work, and since when it has. */
  #revision: bigint | undefined
  #workless: bigint | undefined
  #waitingSinceMs: number | undefined

  constructor(parts: StandbyParts) {
    this.#parts = parts
  }

  /** The lease, where it is this process's turn now. @throws what the store throws. */
  async look(): Promise<RelayLease | undefined> {
    const { clock, holder } = this.#parts
    const nowMs = clock.monotonic()
    const last = await lastRelayEntry(this.#parts)
    if (last === undefined || last.type === 'RelayStopped') return takeOver(this.#parts, last)
    // From an append whose answer was lost, or after a pause in which nobody took over.
    if (last.holder === holder) return new RelayLease(this.#parts, last, nowMs)
    const stalled = await this.#isStalled(last, nowMs)
    return stalled ? takeOver(this.#parts, last) : undefined
  }

  async #isStalled({ revision, position }: RelayEntry, nowMs: number): Promise<boolean> {
    if (revision !== this.#revision) {
      this.#revision = revision
      this.#workless = position
      this.#waitingSinceMs = undefined
    }
    const { clock, limits } = this.#parts
    if (this.#waitingSinceMs !== undefined) return nowMs - this.#waitingSinceMs >= limits.leaseMs
    if (await this.#hasWork()) this.#waitingSinceMs = clock.monotonic()
    return false
  }

  async #hasWork(): Promise<boolean> {
    for (;;) {
      const page = await this.#parts.store.readAll(this.#workless, lookEvents)
      if (page.some(({ stream }) => ledgerOfStream(stream) !== undefined)) return true
      if (page.length === 0) return false
      this.#workless = page.at(-1)?.position
    }
  }
}
