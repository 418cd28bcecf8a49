import { ledgerPages } from '#cli/log-pages.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { ModelBuild, ReadView, StoredDocument } from '#ports/read-models.ts'
import type { Skips } from '#projections/runtime/act-log.ts'
import { readStored } from '#projections/runtime/deliveries.ts'
import { eachBounded } from '#projections/runtime/each-bounded.ts'
import { foldTask } from '#projections/runtime/fold.ts'
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

const readsAtOnce = 64

/**
 * The documents that the events after `from` up to `to` make of those of the view, closed ones included: by the fold of
 * the projectors, which stops before a poison event.
 */
export async function overlayOf(folded: Folded, from: bigint, to: bigint): Promise<Overlay> {
  const overlay = new Map<string, StoredDocument>()
  if (from >= to) return overlay
  const { skips, model, ledgerId } = folded
  const readStream: EventStore['readStream'] = (...asked) => folded.store.readStream(...asked)
  const store = { readStream, head: async () => to }
  const load = documentsIn(folded, overlay)
  for await (const page of ledgerPages(store, ledgerId, { from: from + 1n, to })) {
    const readings = page.map(readStored)
    const task = { projection: model, ledgerId, checkpoint: undefined, readings, skips }
    const changes = await foldTask(task, { load }, Number.POSITIVE_INFINITY)
    for (const { documents } of changes)
      for (const stored of documents) overlay.set(stored.id, stored)
    if (changes.some(({ checkpoint }) => checkpoint.parked !== undefined)) break
  }
  return overlay
}

/** What the fold loads: of the overlay where it is there already, otherwise of the view. */
function documentsIn({ view, model }: Folded, overlay: Overlay) {
  return async (_model: ModelBuild, _ledgerId: LedgerId, ids: readonly string[]) => {
    const found = await eachBounded(ids, readsAtOnce, async (id) => {
      return overlay.get(id) ?? (await view.get(model, id))
    })
    return found.filter((stored) => stored !== undefined)
  }
}
