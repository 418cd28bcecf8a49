import type { DecisionContext } from '#commands/command.ts'
import type { HoldAct } from '#events/hold-events.ts'
import type { Hold, Ledger } from '#ledger/ledger.ts'
import { balancesAfter, type Movement } from '#ledger/movements.ts'
import type { LedgerDecision, LedgerRejection } from '#ledger/rejections.ts'
import { reject } from '#values/decision.ts'
import type { RevisionId } from '#values/ids.ts'
import type { Timestamp } from '#values/timestamps.ts'

/** Decides about a hold that is open and not yet due at `now`. */
export function withOpenHold(
  ledger: Ledger,
  wanted: { readonly holdId: RevisionId; readonly now: DecisionContext['now'] },
  decide: (hold: Hold) => LedgerDecision,
): LedgerDecision {
  const hold = ledger.openHolds.get(wanted.holdId)
  if (hold === undefined) return notOpen(ledger, wanted.holdId)
  if (isDue(hold, wanted.now)) return expired(wanted.holdId)
  return decide(hold)
}

/** From `expiresAt` on a hold can only expire. */
export function isDue(hold: Hold, now: Timestamp): boolean {
  return hold.expiresAt !== undefined && hold.expiresAt <= now
}

/** What every later event about a hold carries. */
export function actOnHold(hold: Hold, movements: readonly Movement[]): HoldAct {
  return {
    balances: balancesAfter(movements),
    holdId: hold.holdId,
    previous: hold.lastAct.toString(),
  }
}

function notOpen(ledger: Ledger, holdId: RevisionId): LedgerRejection {
  const status = ledger.closedHolds.get(holdId)
  if (status === undefined)
    return reject('hold-not-found', `there is no hold ${holdId}`, { holdId })
  if (status === 'expired') return expired(holdId)
  return reject('hold-not-open', `hold ${holdId} is ${status}`, { holdId, status })
}

function expired(holdId: RevisionId): LedgerRejection {
  return reject('hold-expired', `hold ${holdId} has expired`, { holdId, status: 'expired' })
}
