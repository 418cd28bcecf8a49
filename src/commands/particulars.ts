import type { Particulars, Posting } from '#events/transaction-events.ts'
import type { Metadata } from '#values/metadata.ts'

/** The particulars as an event stores them: absent members stay absent, metadata is always there. */
export function particularsOf(input: {
  readonly externalReference?: string | undefined
  readonly description?: string | undefined
  readonly metadata?: Metadata | undefined
}): Particulars {
  const { externalReference, description, metadata = {} } = input
  return {
    ...(description !== undefined && { description }),
    ...(externalReference !== undefined && { externalReference }),
    metadata,
  }
}

/** A posting with its members in canonical order, in which an event is written fastest. */
export function asStored({ amount, asset, credit, debit }: Posting): Posting {
  return { amount, asset, credit, debit }
}
