import type { RecordedEvent } from '#events/envelope.ts'
import type { Projection } from '#projections/projection.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import type { Store } from '#test/queries/asking.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { stored, streamsOf } from '#test/support/stored-events.ts'

/** Brings one read model to the last of the events, of one ledger from its first on, past those that were skipped in it. */
export async function projectSkipping(
  store: Store,
  events: readonly RecordedEvent[],
  { model, skipped }: { readonly model: Projection; readonly skipped: readonly number[] },
): Promise<void> {
  const log = events.map((event) => stored(event))
  const { logger } = recordingLogger()
  const projector = createProjector({
    projections: [model],
    writer: store,
    store: streamsOf(log),
    logger,
    skips: {
      isSkipped: (_model, _ledgerId, revision) => skipped.includes(Number(revision)),
      isSkippedBetween: (_model, _ledgerId, { after, before }) =>
        skipped.some((revision) => after < revision && revision < before),
    },
  })
  await store.prepare(model)
  await projector.apply(log)
}
