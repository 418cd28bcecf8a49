import { expect, it } from 'vitest'
import {
  type ReadModels,
  type ReadModelWriter,
  type ReadView,
  ReadViewOutdated,
} from '#ports/read-models.ts'
import { allWithSmallTrialBalances as allProjections } from '#test/support/small-trial-balances.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { smallTrialBalances as trialBalances } from '#test/support/small-trial-balances.ts'
import { inView } from '#queries/in-view.ts'
import { aMongoDatabase } from '#test/adapters/mongodb/database.ts'
import { exampleBooks } from '#test/queries/example-books.ts'
import { foldAll } from '#test/support/projection-specification.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { stored, streamsOf } from '#test/support/stored-events.ts'
import type { Json } from '#values/json.ts'

const ledgerId = 'acme'
const everything = { where: [], orderBy: [], limit: 1_000 }

describeWith(['mongodb'], 'several projectors of one ledger on MongoDB', (servers) => {
  it('come to the fold of the log, and readers see whole revisions meanwhile', async () => {
    await using database = await aMongoDatabase(servers)
    const books = exampleBooks()
    for (let index = 0; index < 20; index += 1) books.post(`users:bob -> users:alice ${index + 1}`)
    const log = books.events.map((event) => stored(event))
    await using writers = new AsyncDisposableStack()
    const projectors = await Promise.all(
      [3, 5, 30].map(async (batch) => {
        const writer = writers.use(await database.openWriter())
        return { batch, projector: projectorOn(writer, log) }
      }),
    )
    await using readModels = await database.openReadModels()
    const done = Promise.all(
      projectors.map(async ({ batch, projector }) => {
        for (let from = 0; from < log.length; from += batch)
          await projector.apply(log.slice(from, from + batch))
      }),
    )
    const reading = readUntil(readModels, done)
    await done
    expect(await reading).toBeGreaterThan(0)
    await expectFold(readModels, books.events)
  })
})

function projectorOn(writer: ReadModelWriter, log: ReturnType<typeof stored>[]) {
  const { logger } = recordingLogger()
  const limits = { commitDocuments: 7, runEvents: 4, retryDelayFirstMs: 1, retryDelayMaxMs: 20 }
  const store = streamsOf(log)
  return createProjector({ projections: allProjections, writer, store, logger, limits })
}

/** Sums up the trial balance at whatever revision it is seen: debits are credits. Resolves to how often it was. */
async function readUntil(readModels: ReadModels, done: Promise<unknown>): Promise<number> {
  const state = { over: false }
  void done.finally(() => {
    state.over = true
  })
  let seen = 0
  do {
    await using view = await readModels.view(ledgerId)
    const balanced = await isBalanced(view).catch(asOutdated)
    if (balanced === 'outdated') continue
    expect(balanced).toBe(true)
    seen += 1
  } while (!state.over)
  await inView(readModels, ledgerId, isBalanced)
  return seen
}

async function isBalanced(view: ReadView): Promise<boolean> {
  let sum = 0n
  for (const { document } of await view.find(trialBalances, everything))
    if (document['kind'] === 'account')
      sum += BigInt(textOf(document['debits'])) - BigInt(textOf(document['credits']))
  return sum === 0n
}

function textOf(amount: Json | undefined): string {
  if (typeof amount !== 'string') throw new TypeError('an amount is a text')
  return amount
}

function asOutdated(error: unknown): 'outdated' {
  if (error instanceof ReadViewOutdated) return 'outdated'
  throw error
}

async function expectFold(
  readModels: ReadModels,
  events: ReturnType<typeof exampleBooks>['events'],
): Promise<void> {
  await using view = await readModels.view(ledgerId)
  for (const model of allProjections) {
    const found = await view.find(model, everything)
    const documents = Object.fromEntries(found.map(({ id, document }) => [id, document]))
    expect(documents).toEqual(Object.fromEntries(foldAll(model, events)))
    expect((await view.checkpoint(model))?.revision).toBe(events.at(-1)?.revision)
  }
}
