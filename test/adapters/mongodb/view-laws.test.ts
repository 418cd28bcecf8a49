import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCheckpoint } from '#adapters/mongodb/checkpoints.ts'
import { commitChanges } from '#adapters/mongodb/commit.ts'
import { loadDocuments } from '#adapters/mongodb/documents.ts'
import { mongoLimits } from '#adapters/mongodb/limits.ts'
import { viewOfLedger } from '#adapters/mongodb/view.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'
import { aMongoDatabase, type MongoDatabase } from '#test/adapters/mongodb/database.ts'
import { FakeCollections, type Step } from '#test/adapters/mongodb/fake-collections.ts'
import { aHistory, ledgerId, marks, movers } from '#test/adapters/mongodb/history-of-documents.ts'
import {
  type ActorStore,
  aProjector,
  aReader,
  finish,
  Killed,
  Projector,
  Sightings,
} from '#test/adapters/mongodb/projectors-and-readers.ts'
import { anySchedule } from '#test/support/any-schedule.ts'
import { patienceMs, runs, seed, untilEnough } from '#test/support/property-runs.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const projectorsOf = fc.array(aProjector, { minLength: 1, maxLength: 3 })
const readersOf = fc.array(aReader, { minLength: 1, maxLength: 2 })

describe(`views of read models on MongoDB, in any order of all that happens (seed ${seed})`, () => {
  const law = 'show exactly the fold as of their checkpoint, or say that it has passed'

  it(law, { timeout: patienceMs }, async () => {
    const seen = new Sightings()
    const property = fc.asyncProperty(
      anySchedule,
      aHistory,
      projectorsOf,
      readersOf,
      untilEnough(async (scheduler, history, projectors, readers) => {
        const collections = new FakeCollections()
        const store = fakeStore(collections, (what) => scheduler.schedule(Promise.resolve(), what))
        await scheduler.waitFor(
          Promise.all([
            ...projectors.map((batches) => new Projector(store, history).run(batches)),
            ...readers.map(async (readings) => {
              for (const each of readings) await seen.read(store, history, each)
            }),
          ]),
        )
        await finish(
          fakeStore(collections, async () => {}),
          history,
        )
      }),
    )
    await fc.assert(property, runs(400))
    expect(seen.behind).toBeGreaterThan(seen.whole / 5)
    expect(seen.whole).toBeGreaterThan(seen.outdated)
  })
})

/** Every document that is read or written is a step. */
function fakeStore(collections: FakeCollections, step: Step): ActorStore {
  const limits = { ...mongoLimits, aheadMax: 3 }
  return {
    async openWriter(killedAfter = Number.POSITIVE_INFINITY) {
      let left = killedAfter
      const database = collections.database(async (what) => {
        if (what.startsWith('write') && left-- <= 0) throw new Killed()
        await step(what)
      })
      return {
        checkpoint: (model, of) => readCheckpoint(database, { ...model, build: 1 }, of),
        load: (model, of, ids) =>
          loadDocuments(database, { ...model, build: 1 }, { ledgerId: of, ids }),
        commit: (changes) => commitChanges(database, changes),
        async [Symbol.asyncDispose]() {},
      }
    },
    view: () => {
      const database = collections.database(step)
      return viewOfLedger({ limits, use: (work) => work(database) }, ledgerId)
    },
    wait: () => step('wait'),
  }
}

describeWith(
  ['mongodb'],
  `projectors and readers at once on one server (seed ${seed})`,
  (servers) => {
    const law = 'see exactly the fold as of their checkpoint, or that it has passed'

    it(law, { timeout: patienceMs }, async () => {
      const seen = new Sightings()
      const property = fc.asyncProperty(
        aHistory,
        projectorsOf,
        readersOf,
        untilEnough(async (history, projectors, readers) => {
          await using database = await aMongoDatabase(servers)
          await using store = await serverStore(database)
          await Promise.all([
            ...projectors.map((batches) => new Projector(store, history).run(batches)),
            ...readers.map(async (readings) => {
              for (const each of readings)
                await seen.read(store, history, { ...each, after: each.after / 10 })
            }),
          ])
          await finish(store, history)
        }),
      )
      await fc.assert(property, runs(12))
      expect(seen.whole).toBeGreaterThan(0)
    })
  },
)

/** A writer is killed by closing its connections in the middle of what it does. */
async function serverStore(database: MongoDatabase): Promise<ActorStore & AsyncDisposable> {
  const stack = new AsyncDisposableStack()
  const writer = stack.use(await database.openWriter())
  for (const model of [movers, marks]) await writer.prepare(model)
  const readModels = stack.use(await database.openReadModels())
  const shared = { ...writer, async [Symbol.asyncDispose]() {} }
  return {
    async openWriter(killedAfter) {
      if (killedAfter === undefined) return shared
      const dying = await database.openWriter()
      return {
        ...dying,
        async commit(changes) {
          const killed = setTimeout(() => void dying[Symbol.asyncDispose](), killedAfter)
          return dying
            .commit(changes)
            .catch(asKilled)
            .finally(() => clearTimeout(killed))
        },
      }
    },
    view: () => readModels.view(ledgerId),
    wait: () => new Promise((resolve) => setTimeout(resolve, 1)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

function asKilled(error: unknown): never {
  throw error instanceof ReadModelsUnavailable ? new Killed() : error
}
