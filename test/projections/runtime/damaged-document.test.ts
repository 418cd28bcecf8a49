import { expect, it } from 'vitest'
import { DocumentDamaged } from '#ports/damaged-document.ts'
import type { ModelBuild, ReadModelWriter } from '#ports/read-models.ts'
import { accounts } from '#projections/accounts.ts'
import { ledgers } from '#projections/ledgers.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { accountOpened, ledgerOpened, metadataSet, recordedAtOf } from '#test/support/examples.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { stored, streamsOf } from '#test/support/stored-events.ts'

const log = ['acme', 'umbra'].flatMap((ledgerId) => [
  stored(ledgerOpened({}, { ledgerId, revision: 0n })),
  stored(accountOpened({ accountId: 'ann' }, { ledgerId, revision: 1n })),
  stored(accountOpened({ accountId: 'bob' }, { ledgerId, revision: 2n })),
  stored(metadataSet({ accountId: 'bob' }, { ledgerId, revision: 3n })),
  stored(metadataSet({ accountId: 'ann' }, { ledgerId, revision: 4n })),
  stored(metadataSet({ accountId: 'bob' }, { ledgerId, revision: 5n })),
])

it('parks a ledger in its model before the first event that a damaged document stands in the way of', async () => {
  const models = openMemoryReadModels()
  let isDamaged = false
  const load = (model: ModelBuild, ledgerId: string, ids: readonly string[]) => {
    if (isDamaged && model.name === accounts.name && ledgerId === 'acme' && ids.includes('ann'))
      throw new DocumentDamaged({ model, ledgerId, id: 'ann' })
    return models.load(model, ledgerId, ids)
  }
  const { logger, lines } = recordingLogger()
  const writer: ReadModelWriter = { ...models, load: async (...asked) => load(...asked) }
  const parts = { projections: [ledgers, accounts], writer, store: streamsOf(log), logger }
  const projector = createProjector(parts)
  await projector.apply(log.filter(({ revision }) => revision <= 2n))
  isDamaged = true
  await projector.apply(log.filter(({ revision }) => revision > 2n))
  expect(await models.checkpoint(accounts, 'acme')).toEqual({
    revision: 3n,
    recordedAt: recordedAtOf(3n),
    parked: {
      revision: 4n,
      reason: 'the document ann of ledger acme in accounts is damaged: rebuild accounts',
    },
  })
  expect(await models.checkpoint(accounts, 'umbra')).toMatchObject({ revision: 5n })
  expect(await models.checkpoint(ledgers, 'acme')).toMatchObject({ revision: 5n })
  expect(lines.map(({ message }) => message)).toEqual(['ledger parked'])

  isDamaged = false
  await projector.retry('acme')
  expect(await models.checkpoint(accounts, 'acme')).toEqual({
    revision: 5n,
    recordedAt: recordedAtOf(5n),
  })
})
