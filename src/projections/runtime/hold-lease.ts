import type { Clock } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import { type Pace, systemPace } from '#ports/pace.ts'
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
  readonly pace?: Pace
}

const defaultTimes: LeaseTimes = { leaseMs: 6_000, renewMs: 1_500 }
const nobody = ''

/**
 * Does the work while this process holds the lease, and stands by while another one does, until the signal aborts or the
 * work ends by itself. For thrift: for a moment two may be at it. `work` gets a signal of its own and ends with it.
 * Waits for the read models for as long as it takes. @throws what the work throws.
 */
export async function holdLease(
  parts: LeaseParts,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  let isDone = false
  while (!isDone && !signal.aborted) {
    const lease = await acquired(parts, signal)
    if (lease === undefined) return
    isDone = await workUnder(parts, { lease, signal, work })
  }
}

type Work = {
  readonly lease: Lease
  readonly signal: AbortSignal
  readonly work: (signal: AbortSignal) => Promise<void>
}

type LeaseLook = Pick<LeaseParts, 'name' | 'clock' | 'times'> & {
  readonly leases: Pick<ReadModelWriter, 'lease'>
}

/**
 * Whether somebody holds a lease, by what was seen of it here: one that is there is held until it has stood still for
 * as long as it lasts.
 */
export class LeaseWatch {
  readonly #parts: LeaseLook
  #seen: Seen | undefined

  constructor(parts: LeaseLook) {
    this.#parts = parts
  }

  /** `likely` where it has not been looked at for long enough to tell. */
  async isHeld(): Promise<boolean | 'likely'> {
    const { leases, name, clock, times = defaultTimes } = this.#parts
    const before = this.#seen
    const now = seenNow(before, await leases.lease(name), clock)
    this.#seen = now
    if (!isSomebodys(now.lease)) return false
    if (now !== before) return before === undefined ? 'likely' : true
    return clock.monotonic() - now.sinceMs >= times.leaseMs ? false : 'likely'
  }
}

/** Whether somebody holds the lease: waits until it is seen to be renewed, or to be over. */
export async function isHeld(
  { pace = systemPace, ...parts }: LeaseLook & Pick<LeaseParts, 'pace'>,
  signal: AbortSignal,
): Promise<boolean> {
  const { times = defaultTimes } = parts
  const watch = new LeaseWatch(parts)
  for (;;) {
    const held = await watch.isHeld()
    if (held !== 'likely') return held
    await pace.pause(times.renewMs / 3, signal)
  }
}

function isSomebodys(lease: Lease | undefined): boolean {
  return lease !== undefined && lease.holder !== nobody
}

/** Resolves to whether the work ended by itself. */
async function workUnder(parts: LeaseParts, { lease, signal, work }: Work): Promise<boolean> {
  const over = new AbortController()
  const held = AbortSignal.any([signal, over.signal])
  /** Neither half goes on without the other. */
  const ending = async <Result>(half: Promise<Result>): Promise<boolean> => {
    try {
      await half
      return !held.aborted
    } catch (error) {
      if (!held.aborted) throw error
      return false
    } finally {
      over.abort()
    }
  }
  const renewing = keepRenewing(parts, lease, held)
  const [worked, renewed] = await Promise.allSettled([ending(work(held)), ending(renewing)])
  if (renewed.status === 'rejected') throw renewed.reason
  await giveBack(parts, await renewing)
  if (worked.status === 'rejected') throw worked.reason
  return worked.value
}

/** Where this fails the lease runs out. */
async function giveBack(parts: LeaseParts, lease: Lease | undefined): Promise<void> {
  const { leases, name } = parts
  if (lease !== undefined)
    await unlessUnavailable(parts, () => leases.moveLease(name, lease, nobody))
}

/** The lease as it is, and since when this process has seen it so. */
type Seen = { readonly lease: Lease | undefined; readonly sinceMs: number }

/** `before` itself where the lease has not moved. */
function seenNow(
  before: Seen | undefined,
  lease: Lease | undefined,
  clock: LeaseParts['clock'],
): Seen {
  const isSame = before !== undefined && before.lease?.beat === lease?.beat
  return isSame ? before : { lease, sinceMs: clock.monotonic() }
}

/** Waits until the lease is free or has not moved for as long as it lasts; undefined once aborted. */
async function acquired(parts: LeaseParts, signal: AbortSignal): Promise<Lease | undefined> {
  const { clock, leases, name, times = defaultTimes, pace = systemPace } = parts
  let seen: Seen | undefined
  while (!signal.aborted) {
    const nowMs = clock.monotonic()
    const lease = await unlessUnavailable(parts, () => leases.lease(name))
    if (lease !== 'unavailable') {
      seen = seenNow(seen, lease, clock)
      const mine = await taken(parts, lease, nowMs - seen.sinceMs >= times.leaseMs)
      if (mine !== undefined) return mine
    }
    await pace.pause(times.renewMs / 3, signal)
  }
  return undefined
}

/** Also what is this process's already: from a renewal whose answer was lost. */
async function taken(
  parts: LeaseParts,
  lease: Lease | undefined,
  isOver: boolean,
): Promise<Lease | undefined> {
  const { leases, name, holder } = parts
  const isFree = !isSomebodys(lease) || lease?.holder === holder
  if (!isFree && !isOver) return undefined
  const moved = await unlessUnavailable(parts, () => leases.moveLease(name, lease, holder))
  return moved === true ? next(lease, holder) : undefined
}

/** Resolves to the lease to give back; undefined where it is another's, or nobody can be told. */
async function keepRenewing(
  parts: LeaseParts,
  first: Lease,
  held: AbortSignal,
): Promise<Lease | undefined> {
  const { times = defaultTimes, pace = systemPace } = parts
  let lease = first
  let isReached = true
  for (;;) {
    await pace.pause(times.renewMs, held)
    if (held.aborted) return isReached ? lease : undefined
    const before = lease
    const renewed = await unlessUnavailable(parts, () => renewedOf(parts, before))
    if (renewed === undefined) return undefined
    isReached = renewed !== 'unavailable'
    if (renewed !== 'unavailable') lease = renewed
  }
}

/** The lease one beat on, or as far as an earlier renewal got whose answer was lost; undefined where it is another's. */
async function renewedOf(
  { leases, name, holder }: LeaseParts,
  lease: Lease,
): Promise<Lease | undefined> {
  if (await leases.moveLease(name, lease, holder)) return next(lease, holder)
  const now = await leases.lease(name)
  return now?.holder === holder ? now : undefined
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
