import { setTimeout as sleep } from 'node:timers/promises'
import { ledgerOfStream } from '#events/stream-names.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { RelayLimits } from '#relay/limits.ts'
import { type LeaseParts, RelayLease, takeOver } from '#relay/relay-lease.ts'
import { lastRelayEntry, type RelayEntry } from '#relay/relay-stream.ts'

export type StandbyParts = LeaseParts & {
  readonly store: Pick<EventStore, 'readAll'>
  readonly limits: RelayLimits
}

/** An entry after which work has been waiting, and since when this process has seen that (its monotonic milliseconds). */
type Stalled = { readonly revision: bigint; readonly sinceMs: number }

/**
 * Waits until it is this process's turn: nobody has it, its holder stopped, or its holder has let work wait for the
 * length of a lease without a sign of life. Nothing to do is no reason to take over, and costs no renewals.
 * Resolves to undefined once aborted. @throws what the store throws.
 */
export async function standBy(
  parts: StandbyParts,
  signal: AbortSignal,
): Promise<RelayLease | undefined> {
  const { clock, limits, holder } = parts
  let stalled: Stalled | undefined
  while (!signal.aborted) {
    const nowMs = clock.monotonic()
    const last = await lastRelayEntry(parts)
    if (last !== undefined && last.holder === holder && last.type !== 'RelayStopped')
      return new RelayLease(parts, last, nowMs)
    stalled = await stillStalled(parts, last, { before: stalled, nowMs })
    if (isFree(last) || (stalled !== undefined && nowMs - stalled.sinceMs >= limits.leaseMs)) {
      const lease = await takeOver(parts, last)
      if (lease !== undefined) return lease
    }
    await sleep(limits.standbyPollMs, undefined, { signal }).catch(() => {})
  }
  return undefined
}

function isFree(last: RelayEntry | undefined): boolean {
  return last === undefined || last.type === 'RelayStopped'
}

async function stillStalled(
  { store, limits }: StandbyParts,
  last: RelayEntry | undefined,
  { before, nowMs }: { readonly before: Stalled | undefined; readonly nowMs: number },
): Promise<Stalled | undefined> {
  if (last === undefined) return undefined
  const page = await store.readAll(last.position, limits.pageEvents)
  if (!page.some(({ stream }) => ledgerOfStream(stream) !== undefined)) return undefined
  return before?.revision === last.revision ? before : { revision: last.revision, sinceMs: nowMs }
}
