import { describe, expect, it } from 'vitest'
import type { Document } from '#ports/read-models.ts'
import { accounts } from '#projections/accounts.ts'
import { allProjections } from '#projections/all-projections.ts'
import { ledgers } from '#projections/ledgers.ts'
import type { Projection } from '#projections/projection.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import { unfitDocuments } from '#test/contracts/read-models-unfit.ts'
import { accountOpened, ledgerOpened, recordedAtOf } from '#test/support/examples.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { stored, streamsOf } from '#test/support/stored-events.ts'

const anyAccounts: Projection = accounts
const anyLedgers: Projection = ledgers

const log = ['acme', 'umbra'].flatMap((ledgerId) => [
  stored(ledgerOpened({}, { ledgerId, revision: 0n })),
  ...['cash', 'till', 'safe'].map((accountId, at) =>
    stored(accountOpened({ accountId }, { ledgerId, revision: BigInt(at + 1) })),
  ),
])

/** The projections with a bug in the one of that name, which shows in one event of one ledger. */
function withBug(buggy: Projection): readonly Projection[] {
  return allProjections.map((each) => (each.name === buggy.name ? buggy : each))
}

async function project(projections: readonly Projection[]) {
  const models = openMemoryReadModels()
  const { logger, lines } = recordingLogger()
  const parts = { projections, writer: models, store: streamsOf(log), logger }
  const projector = createProjector(parts)
  await projector.apply(log)
  return { models, projector, lines }
}

// Those whose fault lies in a field have fields of the contract's own example.
const bugs: readonly (readonly [string, Document])[] = [
  ...unfitDocuments().filter(([what]) => !/field|integer/.test(what)),
  ['another id than it has', { accountId: 'cash' }],
]

describe('a fold that makes what no store can keep', () => {
  it.each(bugs)('parks its ledger at that event, and all else goes on: %s', async (_, made) => {
    const buggy: Projection = {
      ...accounts,
      evolve: (document, event, key) =>
        event.ledgerId === 'acme' && event.revision === 2n
          ? made
          : anyAccounts.evolve(document, event, key),
    }
    const { models, lines } = await project(withBug(buggy))
    expect(await models.checkpoint(accounts, 'acme')).toEqual({
      revision: 1n,
      recordedAt: recordedAtOf(1n),
      parked: { revision: 2n, reason: expect.stringMatching(/document/) },
    })
    expect(await models.load(accounts, 'acme', ['cash', 'till'])).toMatchObject([{ id: 'cash' }])
    expect(await models.checkpoint(accounts, 'umbra')).toMatchObject({ revision: 3n })
    for (const other of [ledgers, trialBalances])
      expect(await models.checkpoint(other, 'acme')).toMatchObject({ revision: 3n })
    expect(lines.map(({ message }) => message)).toEqual(['ledger parked'])
  })

  it('parks it for a member of another kind in a field', async () => {
    const buggy: Projection = {
      ...ledgers,
      fields: { ...ledgers.fields, revision: 'integer' },
      evolve: (document, event, key) => ({
        ...anyLedgers.evolve(document, event, key),
        revision: 7,
      }),
    }
    const { models } = await project(withBug(buggy))
    for (const ledgerId of ['acme', 'umbra'])
      expect(await models.checkpoint(buggy, ledgerId)).toMatchObject({
        revision: -1n,
        parked: { revision: 0n, reason: `revision of the document ${ledgerId} is not a string` },
      })
    expect(await models.checkpoint(accounts, 'acme')).toMatchObject({ revision: 3n })
  })

  it('parks it where a closing fails', async () => {
    const buggy: Projection = {
      ...accounts,
      closings() {
        throw new Error('a bug in the closings')
      },
      keysOf: (event) => (event.revision === 0n ? [] : ['all']),
      evolve: () => ({ accountId: 'all' }),
    }
    const { models } = await project(withBug(buggy))
    expect(await models.checkpoint(accounts, 'acme')).toMatchObject({
      revision: 1n,
      parked: { revision: 2n, reason: 'a bug in the closings' },
    })
    expect(await models.checkpoint(ledgers, 'acme')).toMatchObject({ revision: 3n })
  })

  it('goes on once the fold is mended', async () => {
    let isMended = false
    const buggy: Projection = {
      ...accounts,
      evolve(document, event, key) {
        const made = anyAccounts.evolve(document, event, key)
        return event.revision === 2n && !isMended ? { ...made, accountId: 'another' } : made
      },
    }
    const { models, projector } = await project(withBug(buggy))
    expect(await models.checkpoint(accounts, 'acme')).toMatchObject({ parked: { revision: 2n } })
    isMended = true
    await projector.retry('acme')
    expect(await models.checkpoint(accounts, 'acme')).toEqual({
      revision: 3n,
      recordedAt: recordedAtOf(3n),
    })
  })
})
