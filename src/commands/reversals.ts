import type { RecordedEvent } from '#events/envelope.ts'
import type { SourcedPosting, TransactionPosted } from '#events/transaction-events.ts'
import { amountsBySource } from '#ledger/amounts-by-source.ts'
import type { Ledger } from '#ledger/ledger.ts'
import type { LedgerRejection } from '#ledger/rejections.ts'
import type { Amount } from '#values/amounts.ts'
import { reject } from '#values/decision.ts'

/** An event that posted a transaction. */
export type PostedEvent = Extract<RecordedEvent, { type: 'TransactionPosted' | 'HoldCaptured' }>

/** The part of a TransactionPosted that says what is undone. */
export type Undoing = Pick<TransactionPosted['data'], 'kind' | 'postings' | 'reinstates'>

/** Undoes `amounts` of a transaction or capture, per posting; by default what has not been reversed yet. */
export function reversalOf(
  ledger: Ledger,
  target: PostedEvent,
  amounts: readonly Amount[] | undefined,
): Undoing | LedgerRejection {
  const { postings } = target.data
  const reversed = ledger.reversed.get(target.revision.toString()) ?? []
  const left = postings.map((posting, index) => BigInt(posting.amount) - (reversed[index] ?? 0n))
  const taken = amounts?.map(BigInt) ?? left
  return fits(target, taken, left) ?? { kind: 'reversal', postings: turnedRound(postings, taken) }
}

/** Gives back, once and whole, what a reversal took. A reinstatement can't be undone. */
export function reinstatementOf(
  ledger: Ledger,
  target: PostedEvent,
  amounts: readonly Amount[] | undefined,
): Undoing | LedgerRejection {
  const transactionId = target.revision.toString()
  if (target.type !== 'TransactionPosted' || target.data.kind !== 'reversal')
    return reject('not-reversible', `transaction ${transactionId} is a reinstatement`, {
      transactionId,
    })
  const { postings, reverses } = target.data
  if (reverses === undefined) throw new Error(`reversal ${transactionId} reverses nothing`)
  const done = ledger.reversed.has(transactionId)
  const whole = postings.map((posting) => BigInt(posting.amount))
  const left = done ? whole.map(() => 0n) : whole
  const taken = amounts?.map(BigInt) ?? left
  const refusal = fits(target, taken, left)
  if (refusal !== undefined) return refusal
  if (taken.some((amount, index) => amount !== whole[index]))
    return reject('not-reversible', `reversal ${transactionId} can only be undone whole`, {
      transactionId,
    })
  return {
    kind: 'reinstatement',
    postings: turnedRound(postings, taken),
    reinstates: { amounts: amountsBySource(postings), transactionId: reverses },
  }
}

function fits(
  target: PostedEvent,
  taken: readonly bigint[],
  left: readonly bigint[],
): LedgerRejection | undefined {
  const transactionId = target.revision.toString()
  if (taken.length !== left.length)
    return reject('amounts-mismatch', `transaction ${transactionId} has ${left.length} postings`, {
      transactionId,
      postings: left.length,
    })
  const over = taken.findIndex((amount, index) => amount > (left[index] ?? 0n))
  if (over === -1 && taken.some((amount) => amount !== 0n)) return undefined
  return reject(
    'reversal-exceeds-original',
    `transaction ${transactionId} has less left to reverse`,
    { transactionId, remaining: left.map(String) },
  )
}

function turnedRound(
  postings: readonly SourcedPosting[],
  taken: readonly bigint[],
): readonly SourcedPosting[] {
  return postings.flatMap(({ asset, credit, debit }, source) => {
    const amount = taken[source] ?? 0n
    return amount === 0n
      ? []
      : [{ amount: amount.toString(), asset, credit: debit, debit: credit, source }]
  })
}
