import type { RecordedEvent } from '#events/envelope.ts'
import type { Document } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import type { Skips } from '#projections/runtime/act-log.ts'
import type { LedgerId } from '#values/ids.ts'

/** Whose document it is, and which of the ledger's events are gone past. */
export type Evolving = {
  readonly projection: Projection
  readonly ledgerId: LedgerId
  readonly skips: Skips
}

/** A document and the revision of the last event that it contains. */
export type Contained = { readonly revision: bigint; readonly document: Document }

/**
 * The document after the event. A projection that has a fold of its own for it hears of the events that were skipped
 * since the document's last one. @throws where the event can't have happened.
 */
export function evolved(
  { projection, ledgerId, skips }: Evolving,
  before: Contained | undefined,
  { event, id }: { readonly event: RecordedEvent; readonly id: string },
): Document {
  const after = before?.revision ?? -1n
  return projection.evolveAfterSkip !== undefined &&
    skips.isSkippedBetween(projection, ledgerId, { after, before: event.revision })
    ? projection.evolveAfterSkip(before?.document, event, id)
    : projection.evolve(before?.document, event, id)
}
