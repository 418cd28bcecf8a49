import { expect, it } from 'vitest'
import type { ModelChange } from '#ports/read-models.ts'
import { DocumentTooLarge } from '#ports/refused-documents.ts'
import { allProjections } from '#projections/all-projections.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import { ledgers } from '#projections/ledgers.ts'
import { accountOpened, ledgerOpened, recordedAtOf } from '#test/support/examples.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { stored, streamsOf } from '#test/support/stored-events.ts'

const log = ['acme', 'umbra'].flatMap((ledgerId) => [
  stored(ledgerOpened({}, { ledgerId, revision: 0n })),
  stored(accountOpened({}, { ledgerId, revision: 1n })),
])

it('parks a ledger in the model that cannot store its document, and goes on with all else', async () => {
  const models = openMemoryReadModels()
  const { logger, lines } = recordingLogger()
  const commit = async (changes: readonly ModelChange[]) => {
    for (const { model, ledgerId, documents } of changes)
      for (const { id, revision } of documents)
        if (model.name === ledgers.name && ledgerId === 'acme' && revision === 1n)
          throw new DocumentTooLarge(model, ledgerId, id)
    return models.commit(changes)
  }
  const writer = { ...models, commit }
  const parts = { projections: allProjections, writer, store: streamsOf(log), logger }
  const projector = createProjector(parts)
  for (const event of log) await projector.apply([event])
  expect(await models.checkpoint(ledgers, 'acme')).toEqual({
    revision: 0n,
    recordedAt: recordedAtOf(0n),
    parked: {
      revision: 1n,
      reason: 'the document acme of ledgers has become too large to be stored',
    },
  })
  expect(await models.checkpoint(ledgers, 'umbra')).toMatchObject({ revision: 1n })
  expect(await models.checkpoint(trialBalances, 'acme')).toMatchObject({ revision: 1n })
  expect(lines.map(({ message }) => message)).toEqual(['ledger parked'])
})
