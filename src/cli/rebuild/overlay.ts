import { ledgerPages } from '#cli/log-pages.ts'
import { decodeEvent } from '#events/decode.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { ReadView, StoredDocument } from '#ports/read-models.ts'
import type { Skips } from '#projections/runtime/act-log.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** Documents of a ledger as they would be at a later revision. */
export type Overlay = ReadonlyMap<string, StoredDocument>

type Folded = {
  readonly store: Pick<EventStore, 'readStream'>
  readonly skips: Skips
  readonly view: ReadView
  readonly model: LiveModel
  readonly ledgerId: LedgerId
}

/** The documents that the events after `from` up to `to` make of those of the view. */
export async function overlayOf(folded: Folded, from: bigint, to: bigint): Promise<Overlay> {
  const overlay = new Map<string, StoredDocument>()
  if (from >= to) return overlay
  const { skips, model, ledgerId } = folded
  const readStream: EventStore['readStream'] = (...asked) => folded.store.readStream(...asked)
  const store = { readStream, head: async () => to }
  for await (const page of ledgerPages(store, ledgerId, { from: from + 1n, to }))
    for (const { json, revision } of page) {
      if (skips.isSkipped(model, ledgerId, revision)) continue
      const event = decodeEvent(json)
      for (const id of model.keysOf(event)) {
        const before = overlay.get(id) ?? (await documentIn(folded, id))
        overlay.set(id, { id, revision, document: model.evolve(before?.document, event, id) })
      }
    }
  return overlay
}

async function documentIn({ view, model }: Folded, id: string) {
  return model.appendOnly === true ? undefined : view.get(model, id)
}
