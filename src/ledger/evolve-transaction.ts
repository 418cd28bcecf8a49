import type { RecordedEvent } from '#events/envelope.ts'
import { amountsBySource } from '#ledger/amounts-by-source.ts'
import { applyChanges } from '#ledger/apply-changes.ts'
import { type Ledger, put } from '#ledger/ledger.ts'
import { postedChanges } from '#ledger/movements.ts'
import type { RevisionId } from '#values/ids.ts'

type TransactionEvent = Extract<RecordedEvent, { type: 'TransactionPosted' }>

/** Applies a transaction, reversal or reinstatement. */
export function evolveTransaction(ledger: Ledger, event: TransactionEvent): void {
  const { data } = event
  applyChanges(ledger, postedChanges(data.postings), data.balances)
  rememberReference(ledger, data.externalReference, { transactionId: event.revision.toString() })
  if (data.reverses !== undefined)
    addReversed(ledger, data.reverses, amountsBySource(data.postings).map(BigInt))
  if (data.reinstates !== undefined)
    addReversed(
      ledger,
      data.reinstates.transactionId,
      data.reinstates.amounts.map((amount) => -BigInt(amount)),
    )
}

/** Gives an external reference to what now bears it. */
export function rememberReference(
  ledger: Ledger,
  reference: string | undefined,
  referent: { transactionId: RevisionId } | { holdId: RevisionId },
): void {
  if (reference !== undefined) put(ledger, ledger.references, [reference, referent])
}

function addReversed(ledger: Ledger, transactionId: RevisionId, amounts: readonly bigint[]): void {
  const before = ledger.reversed.get(transactionId) ?? []
  const length = Math.max(before.length, amounts.length)
  const after = Array.from({ length }, (_, index) => (before[index] ?? 0n) + (amounts[index] ?? 0n))
  put(ledger, ledger.reversed, [transactionId, after])
}
