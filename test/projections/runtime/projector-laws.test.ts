import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RecordedEvent } from '#events/envelope.ts'
import { currentVersions } from '#events/ledger-event.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { type ReadModelWriter, ReadModelsUnavailable } from '#ports/read-models.ts'
import { accounts } from '#projections/accounts.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import type { ProjectorLimits } from '#projections/runtime/limits.ts'
import type { ExampleBooks } from '#test/support/example-books.ts'
import { booksOf, throws } from '#test/support/ledger-history.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { foldAll } from '#test/support/projection-specification.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import {
  allWithSmallTrialBalances as allProjections,
  smallTrialBalances as trialBalances,
} from '#test/support/small-trial-balances.ts'
import { stored, streamsOf } from '#test/support/stored-events.ts'
import type { Json, JsonObject } from '#values/json.ts'

/** How one stretch of a ledger's events reaches the projector, and what happens to the projector meanwhile. */
type Leg = {
  readonly ledger: number
  /** How many events further on the stretch begins (negative: again) and how many it brings. */
  readonly skip: number
  readonly take: number
  readonly meanwhile: 'go on' | 'restart' | 'deliver again' | 'restart and deliver again'
}

const legs: fc.Arbitrary<readonly Leg[]> = fc.array(
  fc.record({
    ledger: fc.nat(2),
    skip: fc.constantFrom(0, 0, 0, -4, -1, 1, 3, 20),
    take: fc.integer({ min: 1, max: 9 }),
    meanwhile: fc.constantFrom(
      'go on',
      'go on',
      'restart',
      'deliver again',
      'restart and deliver again',
    ),
  }),
  { maxLength: 30 },
)

const limits: fc.Arbitrary<Partial<ProjectorLimits>> = fc.record({
  commitDocuments: fc.integer({ min: 1, max: 30 }),
  runEvents: fc.integer({ min: 1, max: 20 }),
  gapPageEvents: fc.integer({ min: 1, max: 9 }),
  rememberedLedgers: fc.nat(3),
  concurrentReads: fc.integer({ min: 1, max: 4 }),
})

type Fault = 'none' | 'before' | 'after' | 'torn'

/** Which calls of the writer fail, before or after they did their work; a commit, also between documents and checkpoints. */
const faultPlans = fc.record({
  reads: fc.array(fc.constantFrom<Fault[]>('none', 'none', 'none', 'before', 'after'), {
    maxLength: 60,
    size: 'max',
  }),
  commits: fc.array(fc.constantFrom<Fault[]>('none', 'none', 'before', 'after', 'torn'), {
    maxLength: 30,
    size: 'max',
  }),
})

type Faults = { readonly reads: readonly Fault[]; readonly commits: readonly Fault[] }

const ledgerIds = ['acme', 'umbra', 'tyrell']
const scenario = fc.record({
  dice: fc.tuple(throws, throws, throws),
  legs,
  limits,
  faults: faultPlans,
  merge: fc.integer({ min: 1, max: 4 }),
})

describe('the histories tried', () => {
  it('have every type of event in them', () => {
    const samples = fc.sample(throws, { numRuns: 200, seed: 1 })
    const seen = new Set(
      samples.flatMap((dice) => booksOf('acme', dice).events.map(({ type }) => type)),
    )
    expect([...seen].toSorted()).toEqual(Object.keys(currentVersions).toSorted())
  })
})

describe('whatever is delivered, however it is cut, repeated, left out or interrupted', () => {
  it('every model is the fold of the log', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const books = given.dice.map((dice, index) => booksOf(ledgerIds[index] ?? '', dice))
        const models = await delivered(books, given)
        for (const { ledgerId, events } of books) await expectFold(models, ledgerId, events)
      }),
      { numRuns: 150 },
    )
  })

  it('the balances are those of books kept without events', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const books = given.dice.map((dice, index) => booksOf(ledgerIds[index] ?? '', dice))
        const models = await delivered(books, given)
        for (const each of books) await expectBalances(models, each)
      }),
      { numRuns: 50 },
    )
  })
})

type Models = ReturnType<typeof openMemoryReadModels>

/** Plays the legs, then what a feed at least delivers in the end: the last event of every ledger. */
async function delivered(
  books: readonly ExampleBooks[],
  given: {
    readonly legs: readonly Leg[]
    readonly limits: Partial<ProjectorLimits>
    readonly faults: Faults
    readonly merge: number
  },
): Promise<Models> {
  const state = { torn: false }
  const models = openMemoryReadModels({ tears: () => state.torn })
  const logs = books.map(({ events }) => events.map((event) => stored(event)))
  const parts = {
    projections: allProjections,
    writer: faulty(models, given.faults, state),
    store: streamsOf(logs.flat()),
    logger: recordingLogger().logger,
    limits: { ...given.limits, retryDelayFirstMs: 0, retryDelayMaxMs: 0 },
  }
  let projector = createProjector(parts)
  for (const [index, batch] of batchesOf(logs, given.legs, given.merge).entries()) {
    await projector.apply(batch)
    const meanwhile = given.legs[index]?.meanwhile ?? 'go on'
    if (meanwhile.startsWith('restart')) projector = createProjector(parts)
    if (meanwhile.endsWith('deliver again')) await projector.apply(batch)
  }
  await projector.apply(logs.flatMap((log) => log.slice(-1)))
  return models
}

/** Some legs together make a batch in which the ledgers' events take turns. */
function batchesOf(
  logs: readonly (readonly StoredEvent[])[],
  route: readonly Leg[],
  merge: number,
): readonly (readonly StoredEvent[])[] {
  const places = logs.map(() => 0)
  const stretches = route.map(({ ledger, skip, take }) => {
    const from = Math.max(0, (places[ledger] ?? 0) + skip)
    places[ledger] = from + take
    return logs[ledger]?.slice(from, from + take) ?? []
  })
  const batches: StoredEvent[][] = []
  for (let index = 0; index < stretches.length; index += merge)
    batches.push(takingTurns(stretches.slice(index, index + merge)))
  return batches
}

function takingTurns(stretches: readonly (readonly StoredEvent[])[]): StoredEvent[] {
  const longest = Math.max(0, ...stretches.map(({ length }) => length))
  return Array.from({ length: longest }, (_, index) =>
    stretches.flatMap((stretch) => stretch[index] ?? []),
  ).flat()
}

function faulty(models: Models, faults: Faults, state: { torn: boolean }): ReadModelWriter {
  const reads = [...faults.reads]
  const commits = [...faults.commits]
  async function perhaps<Result>(plan: Fault[], work: () => Promise<Result>): Promise<Result> {
    const fault = plan.shift()
    if (fault === 'before') throw new ReadModelsUnavailable('not reached')
    state.torn = fault === 'torn'
    const working = work()
    state.torn = false
    const result = await working
    if (fault === 'after') throw new ReadModelsUnavailable('the answer was lost')
    return result
  }
  return {
    ...models,
    checkpoint: (model, ledgerId) => perhaps(reads, () => models.checkpoint(model, ledgerId)),
    load: (model, ledgerId, ids) => perhaps(reads, () => models.load(model, ledgerId, ids)),
    commit: (changes) => perhaps(commits, () => models.commit(changes)),
  }
}

async function expectFold(
  models: Models,
  ledgerId: string,
  events: readonly RecordedEvent[],
): Promise<void> {
  await using view = await models.view(ledgerId)
  const last = events.at(-1)
  for (const model of allProjections) {
    const found = await view.find(model, { where: [], orderBy: [], limit: 1_000_000 })
    const documents = Object.fromEntries(found.map(({ id, document }) => [id, document]))
    expect(documents).toEqual(Object.fromEntries(foldAll(model, events)))
    const checkpoint = await view.checkpoint(model)
    expect(checkpoint).toEqual({ revision: last?.revision, recordedAt: last?.recordedAt })
  }
}

async function expectBalances(models: Models, books: ExampleBooks): Promise<void> {
  await using view = await models.view(books.ledgerId)
  for (const accountId of books.accounts.keys()) {
    const account = await view.get(accounts, accountId)
    expect(account?.document['balances']).toEqual(books.balancesOf(accountId))
  }
  const rows = await view.find(trialBalances, { where: [], orderBy: [], limit: 1_000_000 })
  for (const asset of books.assets) {
    const ofAsset = rows.map(({ document }) => document).filter((row) => row['asset'] === asset)
    const sums = ofAsset.find(({ kind }) => kind === 'asset')
    expect(sums?.['totalDebits']).toBe(total(ofAsset, 'debits'))
    expect(sums?.['totalCredits']).toBe(total(ofAsset, 'credits'))
    expect(sums?.['totalDebits']).toBe(sums?.['totalCredits'])
  }
}

function total(rows: readonly JsonObject[], member: string): string {
  return rows.reduce((sum, row) => sum + BigInt(textOf(row[member])), 0n).toString()
}

function textOf(amount: Json | undefined): string {
  return typeof amount === 'string' ? amount : '0'
}
