import { describe, expect, it } from 'vitest'
import type { StoredEvent } from '#ports/event-store.ts'
import { allProjections } from '#projections/all-projections.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { accountOpened, ledgerOpened } from '#test/support/examples.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { rewritten, stored, streamsOf } from '#test/support/stored-events.ts'

const known = [
  ledgerOpened({}, { revision: 0n }),
  accountOpened({ accountId: 'bank:cash' }, { revision: 1n }),
  accountOpened({ accountId: 'users:alice' }, { revision: 2n }),
].map((event) => stored(event))

/** As a newer program writes it: this one doesn't know the version. */
const newer = known.map((event) =>
  event.revision === 1n
    ? rewritten(event, (json) => json.replace('"schemaVersion":1', '"schemaVersion":2'))
    : event,
)

describe('an event of a version that a newer program wrote', () => {
  it('parks its ledger before it, and a program that knows it goes on from there', async () => {
    const models = openMemoryReadModels()
    await projectorOver(newer, models).apply(newer)
    for (const model of allProjections)
      expect(await models.checkpoint(model, 'acme')).toMatchObject({
        revision: 0n,
        parked: {
          revision: 1n,
          reason:
            'AccountOpened version 2 at acme revision 1 is newer than this program, which knows 1',
        },
      })
    // The newer program is played by this one, which knows the same events as version 1.
    await projectorOver(known, models).apply(known)
    for (const model of allProjections) {
      const checkpoint = await models.checkpoint(model, 'acme')
      expect(checkpoint?.revision).toBe(2n)
      expect(checkpoint?.parked).toBeUndefined()
    }
  })
})

function projectorOver(
  log: readonly StoredEvent[],
  models: ReturnType<typeof openMemoryReadModels>,
) {
  const { logger } = recordingLogger()
  const parts = { projections: allProjections, writer: models, store: streamsOf(log), logger }
  return createProjector({ ...parts, limits: { retryDelayFirstMs: 1, retryDelayMaxMs: 2 } })
}
