import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import { type Lease, ReadModelsUnavailable, type ReadModelWriter } from '#ports/read-models.ts'

/** A lease that nobody renewed for `leaseMs` is anybody's; its holder renews it every `renewMs`. */
export type LeaseTimes = { readonly leaseMs: number; readonly renewMs: number }

export type LeaseParts = {
  readonly leases: Pick<ReadModelWriter, 'lease' | 'moveLease'>
  readonly name: string
  /** This process, random. */
  readonly holder: string
  readonly clock: Pick<Clock, 'monotonic'>
  readonly logger: Logger
  readonly times?: LeaseTimes
}

const defaultTimes: LeaseTimes = { leaseMs: 6_000, renewMs: 1_500 }
const nobody = ''

/**
 * Does the work while this process holds the lease, and stands by while another one does, until the signal aborts. For
 * thrift: for a moment two may be at it. `work` gets a signal of its own and ends with it. @throws what the work throws.
 */
export async function holdLease(
  parts: LeaseParts,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const lease = await acquired(parts, signal)
    if (lease === undefined) return
    await workUnder(parts, { lease, signal, work })
  }
}

type Work = {
  readonly lease: Lease
  readonly signal: AbortSignal
  readonly work: (signal: AbortSignal) => Promise<void>
}

async function workUnder(parts: LeaseParts, { lease, signal, work }: Work): Promise<void> {
  const over = new AbortController()
  const held = AbortSignal.any([signal, over.signal])
  const renewing = keepRenewing(parts, lease, { held, lost: () => over.abort() })
  try {
    await work(held)
  } catch (error) {
    if (!held.aborted) throw error
  } finally {
    over.abort()
    const last = await renewing
    // Where this fails the lease runs out.
    if (last !== undefined) await parts.leases.moveLease(parts.name, last, nobody).catch(() => {})
  }
}

/** The lease as it is, and since when this process has seen it so. */
type Seen = { readonly lease: Lease | undefined; readonly sinceMs: number }

/** Waits until the lease is free or has not moved for as long as it lasts; undefined once aborted. */
async function acquired(parts: LeaseParts, signal: AbortSignal): Promise<Lease | undefined> {
  const { leases, name, times = defaultTimes } = parts
  let seen: Seen | undefined
  while (!signal.aborted) {
    const nowMs = parts.clock.monotonic()
    const lease = await unlessUnavailable(parts, () => leases.lease(name))
    if (lease !== 'unavailable') {
      if (seen === undefined || seen.lease?.beat !== lease?.beat) seen = { lease, sinceMs: nowMs }
      const mine = await taken(parts, lease, nowMs - seen.sinceMs >= times.leaseMs)
      if (mine !== undefined) return mine
    }
    await pause(times.renewMs / 3, signal)
  }
  return undefined
}

async function taken(
  parts: LeaseParts,
  lease: Lease | undefined,
  isOver: boolean,
): Promise<Lease | undefined> {
  const { leases, name, holder } = parts
  if (lease !== undefined && lease.holder !== nobody && !isOver) return undefined
  const moved = await unlessUnavailable(parts, () => leases.moveLease(name, lease, holder))
  return moved === true ? next(lease, holder) : undefined
}

/** Resolves to the lease as it is last, undefined where it is another's now. */
async function keepRenewing(
  parts: LeaseParts,
  first: Lease,
  { held, lost }: { readonly held: AbortSignal; readonly lost: () => void },
): Promise<Lease | undefined> {
  const { leases, name, holder, times = defaultTimes } = parts
  let lease = first
  for (;;) {
    await pause(times.renewMs, held)
    if (held.aborted) return lease
    const moved = await unlessUnavailable(parts, () => leases.moveLease(name, lease, holder))
    if (moved === true) lease = next(lease, holder)
    else if (moved === false) {
      lost()
      return undefined
    }
  }
}

function next(lease: Lease | undefined, holder: string): Lease {
  return { holder, beat: (lease?.beat ?? 0n) + 1n }
}

async function unlessUnavailable<Result>(
  { logger, name }: LeaseParts,
  work: () => Promise<Result>,
): Promise<Result | 'unavailable'> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ReadModelsUnavailable)) throw error
    logger.warn({ err: error, lease: name }, 'a lease waits for the read models')
    return 'unavailable'
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
