import type { RecordedEvent } from '#events/envelope.ts'
import { applyChanges } from '#ledger/apply-changes.ts'
import { rememberReference } from '#ledger/evolve-transaction.ts'
import { drop, type Hold, type HoldEnd, type Ledger, put } from '#ledger/ledger.ts'
import { capturedChanges, heldChanges, releasedChanges } from '#ledger/movements.ts'

type OfType<Type> = Extract<RecordedEvent, { type: Type }>
type HoldEvent = OfType<
  'HoldPlaced' | 'HoldCaptured' | 'HoldVoided' | 'HoldExpired' | 'HoldExtended'
>

/** Applies an event about a hold. */
export function evolveHold(ledger: Ledger, event: HoldEvent): void {
  switch (event.type) {
    case 'HoldPlaced':
      return place(ledger, event)
    case 'HoldCaptured':
      return capture(ledger, event)
    case 'HoldVoided':
      return release(ledger, event, 'voided')
    case 'HoldExpired':
      return release(ledger, event, 'expired')
    case 'HoldExtended':
      return extend(ledger, event)
  }
}

function place(ledger: Ledger, event: OfType<'HoldPlaced'>): void {
  const { balances, postings, ...particulars } = event.data
  const holdId = event.revision.toString()
  const hold: Hold = {
    ...particulars,
    holdId,
    postings: postings.map((posting) => ({
      ...posting,
      amount: BigInt(posting.amount),
      captured: 0n,
    })),
    createdAt: event.recordedAt,
    captures: [],
    lastAct: event.revision,
  }
  applyChanges(ledger, heldChanges(postings), balances)
  put(ledger, ledger.openHolds, [holdId, hold])
  rememberReference(ledger, event.data.externalReference, { holdId })
}

function capture(ledger: Ledger, event: OfType<'HoldCaptured'>): void {
  const hold = openHold(ledger, event.data.holdId)
  const transactionId = event.revision.toString()
  const amounts = event.data.amounts.map(BigInt)
  const released = event.data.released.map(BigInt)
  applyChanges(ledger, capturedChanges(hold, amounts, released), event.data.balances)
  rememberReference(ledger, event.data.externalReference, { transactionId })
  if (event.data.final) return end(ledger, hold, 'captured')
  const after: Hold = {
    ...hold,
    postings: hold.postings.map((posting, index) => ({
      ...posting,
      captured: posting.captured + (amounts[index] ?? 0n),
    })),
    captures: [...hold.captures, transactionId],
    lastAct: event.revision,
  }
  put(ledger, ledger.openHolds, [hold.holdId, after])
}

function release(ledger: Ledger, event: OfType<'HoldVoided' | 'HoldExpired'>, as: HoldEnd): void {
  const hold = openHold(ledger, event.data.holdId)
  applyChanges(ledger, releasedChanges(hold), event.data.balances)
  end(ledger, hold, as)
}

function extend(ledger: Ledger, event: OfType<'HoldExtended'>): void {
  const hold = openHold(ledger, event.data.holdId)
  const after: Hold = { ...hold, expiresAt: event.data.after, lastAct: event.revision }
  put(ledger, ledger.openHolds, [hold.holdId, after])
}

function end(ledger: Ledger, hold: Hold, as: HoldEnd): void {
  drop(ledger, ledger.openHolds, hold.holdId)
  put(ledger, ledger.closedHolds, [hold.holdId, as])
}

function openHold(ledger: Ledger, holdId: string): Hold {
  const hold = ledger.openHolds.get(holdId)
  if (hold === undefined) throw new Error(`hold ${holdId} is not open`)
  return hold
}
