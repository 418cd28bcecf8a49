import * as fc from 'fast-check'
import type { Db } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { readCheckpoint } from '#adapters/mongodb/checkpoints.ts'
import { commitChanges } from '#adapters/mongodb/commit.ts'
import { loadDocuments } from '#adapters/mongodb/documents.ts'
import { mongoLimits } from '#adapters/mongodb/limits.ts'
import { viewOfLedger } from '#adapters/mongodb/view.ts'
import { type Find, type ModelChange, ReadViewOutdated, type ReadView } from '#ports/read-models.ts'
import { at } from '#test/contracts/read-models-examples.ts'
import { FakeCollections, type Step } from '#test/adapters/mongodb/fake-collections.ts'
import {
  aFind,
  aHistory,
  documentsAt,
  evolve,
  foundAt,
  type History,
  ids,
  ledgerId,
  mark,
  marks,
  marksAt,
  movers,
} from '#test/adapters/mongodb/history-of-documents.ts'
import { patienceMs, runs, seed, untilEnough } from '#test/support/property-runs.ts'

/** One commit of a projector: of so many events, from where it last knew the checkpoint to be, perhaps killed while it writes. */
type Batch = { readonly events: number; readonly stale: boolean; readonly killedAfter?: number }

const aBatch: fc.Arbitrary<Batch> = fc
  .record({
    events: fc.integer({ min: 1, max: 5 }),
    stale: fc.boolean(),
    killedAfter: fc.option(fc.nat(8), { nil: undefined, freq: 3 }),
  })
  .map(({ killedAfter, ...batch }) =>
    killedAfter === undefined ? batch : { ...batch, killedAfter },
  )

const aProjector = fc.array(aBatch, { minLength: 1, maxLength: 5 })
const aReader = fc.array(fc.array(aFind, { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 4,
})

/** A projector that was killed, as its own database sees it. */
class Killed extends Error {}

/** A projector of both models. It is a zombie where it goes on from a checkpoint that has moved since. */
class Projector {
  readonly #collections: FakeCollections
  readonly #step: Step
  readonly #history: History
  readonly #known = new Map<string, bigint | undefined>()

  constructor(collections: FakeCollections, step: Step, history: History) {
    this.#collections = collections
    this.#step = step
    this.#history = history
  }

  async run(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) {
      try {
        await this.#commit(batch)
      } catch (error) {
        if (!(error instanceof Killed)) throw error
        this.#known.clear()
      }
    }
  }

  /** Whether all events are applied. */
  async #commit({ events, stale, killedAfter }: Batch): Promise<void> {
    const database = this.#collections.database(this.#step)
    const changes: ModelChange[] = []
    for (const model of [movers, marks]) {
      if (!stale || !this.#known.has(model.name))
        this.#known.set(model.name, (await readCheckpoint(database, model, ledgerId))?.revision)
      const expected = this.#known.get(model.name)
      const from = (expected ?? -1n) + 1n
      const upTo = BigInt(Math.min(Number(from) + events, this.#history.length)) - 1n
      if (upTo < from) continue
      const revisions = Array.from(
        { length: Number(upTo - from) + 1 },
        (_, index) => from + BigInt(index),
      )
      const documents =
        model === marks ? revisions.map(mark) : await this.#fold(database, revisions)
      changes.push({ model, ledgerId, expected, checkpoint: at(upTo), documents })
    }
    const stored = await commitChanges(this.#dying(killedAfter), changes)
    for (const { model, checkpoint } of changes)
      if (stored) this.#known.set(model.name, checkpoint.revision)
      else this.#known.delete(model.name)
  }

  async #fold(database: Db, revisions: readonly bigint[]) {
    const touched = [...new Set(revisions.flatMap((revision) => this.#touchedBy(revision)))]
    const loaded = await loadDocuments(database, movers, { ledgerId, ids: touched })
    const documents = new Map(loaded.map((stored) => [stored.id, stored]))
    for (const revision of revisions)
      for (const id of this.#touchedBy(revision)) {
        const before = documents.get(id)
        if (before !== undefined && before.revision >= revision) continue
        documents.set(id, { id, revision, document: evolve(before?.document, revision) })
      }
    return [...documents.values()]
  }

  #touchedBy(revision: bigint): readonly string[] {
    return this.#history[Number(revision)] ?? []
  }

  #dying(killedAfter = Number.POSITIVE_INFINITY): Db {
    let left = killedAfter
    return this.#collections.database(async (what) => {
      if (what.startsWith('write') && left-- <= 0) throw new Killed()
      await this.#step(what)
    })
  }
}

/** What readers saw over all runs: laws that hold because nothing was seen prove nothing. */
class Sightings {
  whole = 0
  behind = 0
  outdated = 0

  /** Reads everything in one view: the fold as of its checkpoint, or nothing. */
  async read(database: Db, history: History, finds: readonly Find[]): Promise<void> {
    const limits = { ...mongoLimits, aheadMax: 3 }
    const view = await viewOfLedger({ limits, use: (work) => work(database) }, ledgerId)
    await this.#readMarks(view)
    const checkpoint = (await view.checkpoint(movers))?.revision ?? -1n
    const expected = documentsAt(history, checkpoint)
    try {
      for (const find of finds)
        expect(await view.find(movers, find)).toEqual(foundAt(movers, expected, find))
      for (const id of ids)
        expect(await view.get(movers, id)).toEqual(expected.find((each) => each.id === id))
      this.whole += 1
      if ((await readCheckpoint(database, movers, ledgerId))?.revision !== checkpoint)
        this.behind += 1
    } catch (error) {
      if (!(error instanceof ReadViewOutdated)) throw error
      this.outdated += 1
    }
  }

  /** What is written once is never outdated. */
  async #readMarks(view: ReadView): Promise<void> {
    const checkpoint = (await view.checkpoint(marks))?.revision ?? -1n
    const find = { where: [], orderBy: ['place'], limit: 5 }
    const expected = marksAt(checkpoint)
    expect(await view.find(marks, find)).toEqual(foundAt(marks, expected, find))
    expect(await view.get(marks, 'm3')).toEqual(expected[3])
  }
}

describe(`views of read models on MongoDB, in any order of all that happens (seed ${seed})`, () => {
  it('show exactly the fold as of their checkpoint, or say that it has passed', {
    timeout: patienceMs,
  }, async () => {
    const seen = new Sightings()
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        aHistory,
        fc.array(aProjector, { minLength: 1, maxLength: 3 }),
        fc.array(aReader, { minLength: 1, maxLength: 2 }),
        untilEnough(async (scheduler, history, projectors, readers) => {
          const collections = new FakeCollections()
          const step: Step = (what) => scheduler.schedule(Promise.resolve(), what)
          const database = collections.database(step)
          await scheduler.waitFor(
            Promise.all([
              ...projectors.map((batches) =>
                new Projector(collections, step, history).run(batches),
              ),
              ...readers.map(async (rounds) => {
                for (const finds of rounds) await seen.read(database, history, finds)
              }),
            ]),
          )
          await finish(collections, history)
        }),
      ),
      runs(400),
    )
    expect(seen.behind).toBeGreaterThan(seen.whole / 20)
    expect(seen.whole).toBeGreaterThan(seen.outdated)
  })
})

/** Whatever was left: one more projector brings it to the end, and then all is there. */
async function finish(collections: FakeCollections, history: History): Promise<void> {
  const step: Step = async () => {}
  const database = collections.database(step)
  const batches = Array.from({ length: history.length }, () => ({ events: 4, stale: false }))
  await new Projector(collections, step, history).run(batches)
  const head = BigInt(history.length - 1)
  for (const model of [movers, marks])
    expect(await readCheckpoint(database, model, ledgerId)).toEqual(at(head))
  expect(await loadDocuments(database, movers, { ledgerId, ids })).toEqual(
    documentsAt(history, head),
  )
  const last = new Sightings()
  await last.read(database, history, [{ where: [], orderBy: ['place'], limit: 9 }])
  expect(last.whole).toBe(1)
}
