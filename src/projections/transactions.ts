import type { RecordedEvent } from '#events/envelope.ts'
import type { SourcedPosting } from '#events/transaction-events.ts'
import { assertBooks, pick } from '#projections/books.ts'
import type { TransactionDocument } from '#projections/documents.ts'
import type { Projection } from '#projections/projection.ts'
import type { Amount } from '#values/amounts.ts'

/** One document per transaction and capture, with what was reversed of it. */
export const transactions: Projection<TransactionDocument> = {
  name: 'transactions',
  version: 1,
  id: 'transactionId',
  sparse: ['externalReference'],
  fields: { transactionId: 'integer', externalReference: 'text' },
  indexes: [['transactionId'], ['externalReference', 'transactionId']],

  keysOf(event) {
    if (event.type === 'HoldCaptured') return [event.revision.toString()]
    if (event.type !== 'TransactionPosted') return []
    const { reverses, reinstates } = event.data
    const targets = [reverses, reinstates?.transactionId].filter((id) => id !== undefined)
    return [event.revision.toString(), ...targets]
  },

  evolve(document, event, transactionId) {
    if (event.type === 'HoldCaptured') return captured(document, event)
    assertBooks(event.type === 'TransactionPosted', `a ${event.type} makes no transaction`)
    if (transactionId === event.revision.toString()) return posted(document, event)
    assertBooks(document !== undefined, `transaction ${transactionId} was never posted`)
    if (transactionId === event.data.reverses) return reversed(document, event)
    return reinstated(document, event)
  },
}

type Posted = RecordedEvent & { readonly type: 'TransactionPosted' }
type Captured = RecordedEvent & { readonly type: 'HoldCaptured' }

const particulars = ['effectiveAt', 'externalReference', 'description', 'metadata'] as const

function posted(document: TransactionDocument | undefined, event: Posted): TransactionDocument {
  const transactionId = event.revision.toString()
  assertBooks(document === undefined, `transaction ${transactionId} was posted twice`)
  const { kind, postings, effectiveAt, metadata, reverses, reason } = event.data
  const { externalReference, description } = event.data
  // Written out: every command's answer and every event's document is made here.
  return {
    transactionId,
    kind,
    postings,
    effectiveAt,
    ...(externalReference !== undefined && { externalReference }),
    ...(description !== undefined && { description }),
    metadata,
    ...(reverses !== undefined && { reverses }),
    ...(reason !== undefined && { reason }),
    recordedAt: event.recordedAt,
    actor: event.actor,
  }
}

function captured(document: TransactionDocument | undefined, event: Captured): TransactionDocument {
  const transactionId = event.revision.toString()
  assertBooks(document === undefined, `transaction ${transactionId} was posted twice`)
  return {
    transactionId,
    kind: 'capture',
    ...pick(event.data, ['postings', ...particulars, 'holdId']),
    recordedAt: event.recordedAt,
    actor: event.actor,
  }
}

/** The target of a reversal or of a reinstatement. */
function reversed(document: TransactionDocument, event: Posted): TransactionDocument {
  const amounts = [...amountsReversed(document)]
  for (const { source, amount } of event.data.postings) {
    const index = source ?? -1
    amounts[index] = moved(document.postings[index], amounts[index], BigInt(amount))
  }
  const reversedBy = [...(document.reversedBy ?? []), event.revision.toString()]
  return { ...document, reversedBy, reversedAmounts: amounts }
}

/** The original transaction that gets back what a reversal took from it. */
function reinstated(document: TransactionDocument, event: Posted): TransactionDocument {
  const given = event.data.reinstates?.amounts ?? []
  const before = amountsReversed(document)
  assertBooks(given.length <= before.length, 'a reinstatement gives back what was never posted')
  const reversedAmounts = before.map((amount, index) =>
    moved(document.postings[index], amount, -BigInt(given[index] ?? '0')),
  )
  return { ...document, reversedAmounts }
}

function amountsReversed(document: TransactionDocument): readonly Amount[] {
  return document.reversedAmounts ?? document.postings.map(() => '0')
}

/** @throws {BooksContradict} where more than the posting, or less than nothing, would be reversed. */
function moved(posting: SourcedPosting | undefined, before: Amount = '0', change: bigint): Amount {
  assertBooks(posting !== undefined, 'a reversal names a posting that is not there')
  const after = BigInt(before) + change
  const kept = after >= 0n && after <= BigInt(posting.amount)
  assertBooks(kept, 'more than a posting, or less than nothing, would be reversed of it')
  return after.toString()
}
