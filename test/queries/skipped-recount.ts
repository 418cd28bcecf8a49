import type { RecordedEvent } from '#events/envelope.ts'
import { balancesOf } from '#projections/books.ts'
import type { BalanceRecord } from '#values/balances.ts'
import { type Side, sidesOf, total } from '#test/queries/recount.ts'

/** A log, which of its revisions were skipped in which of two read models, and how far the second one has come. */
export type Skipping = {
  readonly events: readonly RecordedEvent[]
  readonly inEntries: readonly number[]
  readonly inTrialBalances: readonly number[]
  readonly applied: number
}

export type Place = {
  readonly accountId: string
  readonly asset: string
  readonly revision: number
}

export type Totals = { readonly debits: bigint; readonly credits: bigint }

/** What is to be answered, and whether somebody who has yet to learn more may rather refuse. */
export type Expected = Totals & { readonly mayBeBehind: boolean }

/**
 * What counts before a business time by a revision. What was skipped in both models counts only where an entry that came
 * later says that it was there, and was recorded before that time itself.
 */
export function countedBefore(log: Skipping, place: Place, before: string): Expected {
  const sides = sidesAt(log, place)
  const lost = sides.filter((side) => isLost(log, side))
  const counting = sides.filter((side) => {
    if (!isLost(log, side)) return side.effectiveAt < before
    const teller = tellersOf(log, place).find(({ revision }) => revision > side.revision)
    return teller !== undefined && teller.recordedAt < before
  })
  const mayBeBehind = log.applied < place.revision && lost.length > 0
  return { ...totalsOf(counting), mayBeBehind }
}

/** All that was posted by a revision, as far as somebody tells of it: an entry up to then, or the one right after it. */
export function postedBy(log: Skipping, place: Place): Expected {
  const sides = sidesAt(log, place)
  const tellers = tellersOf(log, { ...place, revision: place.revision + 1 })
  const isTold = (side: Side) => tellers.some(({ revision }) => revision > side.revision)
  const counting = sides.filter((side) => !isLost(log, side) || isTold(side))
  // What is lost after the revision may be at it, for all that is known.
  const all = sidesAt(log, { ...place, revision: log.events.length })
  const isBehind = log.applied < place.revision
  const mayBeBehind = isBehind && all.some((side) => isLost(log, side))
  return { ...totalsOf(counting), mayBeBehind }
}

/** All that was posted, as the log has it. */
export function postedInLog({ events }: Pick<Skipping, 'events'>, place: Place): Totals {
  return totalsOf(sidesAt({ events }, place))
}

/** The last revision at which trial balances have something posted there; -1 for none. */
export function lastRolled(log: Skipping, place: Omit<Place, 'revision'>): number {
  const all = sidesAt(log, { ...place, revision: log.applied })
  return Number(
    all.findLast(({ revision }) => !isIn(log.inTrialBalances, revision))?.revision ?? -1,
  )
}

/** The lines of a statement. */
export function entrySides(log: Skipping, place: Place): readonly Side[] {
  return sidesAt(log, place).filter(({ revision }) => !isIn(log.inEntries, revision))
}

function sidesAt({ events }: Pick<Skipping, 'events'>, place: Place): readonly Side[] {
  return sidesOf(events).filter(
    ({ accountId, asset, revision }) =>
      accountId === place.accountId && asset === place.asset && revision <= BigInt(place.revision),
  )
}

/** Neither model has it. */
function isLost({ inEntries, inTrialBalances, applied }: Skipping, { revision }: Side): boolean {
  const isRolled = revision <= BigInt(applied) && !isIn(inTrialBalances, revision)
  return isIn(inEntries, revision) && !isRolled
}

/** The events that made an entry there, which has the account's totals. */
function tellersOf({ events, inEntries }: Skipping, place: Place): readonly RecordedEvent[] {
  return events.filter(
    (event) =>
      event.revision <= BigInt(place.revision) &&
      !isIn(inEntries, event.revision) &&
      toldBy(event).some(
        ({ accountId, asset }) => accountId === place.accountId && asset === place.asset,
      ),
  )
}

/** The totals that the entries of an event say: others carry some as well, and make none. */
export function toldBy(event: RecordedEvent): readonly BalanceRecord[] {
  const isPosted = event.type === 'TransactionPosted'
  return isPosted || /^Hold(Placed|Captured|Voided|Expired)$/.test(event.type)
    ? balancesOf(event)
    : []
}

function isIn(revisions: readonly number[], revision: bigint): boolean {
  return revisions.includes(Number(revision))
}

function totalsOf(sides: readonly Side[]): Totals {
  return { debits: total(sides, 'debit'), credits: total(sides, 'credit') }
}
