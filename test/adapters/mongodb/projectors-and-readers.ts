import * as fc from 'fast-check'
import { expect } from 'vitest'
import {
  type Find,
  type ModelChange,
  ReadViewOutdated,
  type ReadModelWriter,
  type ReadView,
} from '#ports/read-models.ts'
import { at } from '#test/contracts/read-models-examples.ts'
import {
  aFind,
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

type ActorWriter = Pick<ReadModelWriter, 'checkpoint' | 'load' | 'commit'> & AsyncDisposable

/** Read models as projectors and readers use them that do so at once. */
export type ActorStore = {
  /** Killed after so much of its work, if at all: then it throws `Killed`. */
  openWriter(killedAfter?: number): Promise<ActorWriter>
  view(): Promise<ReadView>
  /** Lets others do something. */
  wait(): Promise<void>
}

/** One commit of a projector: of so many events, from where it last knew the checkpoint to be, perhaps killed while it writes. */
export type Batch = {
  readonly events: number
  readonly stale: boolean
  readonly killedAfter?: number
}

const aBatch: fc.Arbitrary<Batch> = fc
  .record({
    events: fc.integer({ min: 1, max: 5 }),
    stale: fc.boolean(),
    killedAfter: fc.option(fc.nat(8), { nil: undefined, freq: 3 }),
  })
  .map(({ killedAfter, ...batch }) =>
    killedAfter === undefined ? batch : { ...batch, killedAfter },
  )

/** The commits of one projector. */
export const aProjector = fc.array(aBatch, { minLength: 1, maxLength: 5 })
/** One view: read when so much else has happened since it was opened. */
export type Reading = {
  readonly finds: readonly Find[]
  readonly ids: readonly string[]
  readonly after: number
}

const aReading: fc.Arbitrary<Reading> = fc.record({
  finds: fc.array(aFind, { maxLength: 2 }),
  ids: fc.subarray(ids),
  after: fc.nat(60),
})
/** The views of one reader. */
export const aReader = fc.array(aReading, { minLength: 1, maxLength: 4 })

/** What a projector that was killed meets. */
export class Killed extends Error {}

/** A projector of both models. It is a zombie where it goes on from a checkpoint that has moved since. */
export class Projector {
  readonly #store: ActorStore
  readonly #history: History
  readonly #known = new Map<string, bigint | undefined>()

  constructor(store: ActorStore, history: History) {
    this.#store = store
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

  async #commit({ events, stale, killedAfter }: Batch): Promise<void> {
    await using writer = await this.#store.openWriter(killedAfter)
    const changes: ModelChange[] = []
    for (const model of [movers, marks]) {
      if (!stale || !this.#known.has(model.name))
        this.#known.set(model.name, (await writer.checkpoint(model, ledgerId))?.revision)
      const expected = this.#known.get(model.name)
      const from = (expected ?? -1n) + 1n
      const upTo = BigInt(Math.min(Number(from) + events, this.#history.length)) - 1n
      if (upTo < from) continue
      const revisions = Array.from(
        { length: Number(upTo - from) + 1 },
        (_, index) => from + BigInt(index),
      )
      const documents = model === marks ? revisions.map(mark) : await this.#fold(writer, revisions)
      changes.push({ model, ledgerId, expected, checkpoint: at(upTo), documents })
    }
    const stored = await writer.commit(changes)
    for (const { model, checkpoint } of changes)
      if (stored) this.#known.set(model.name, checkpoint.revision)
      else this.#known.delete(model.name)
  }

  async #fold(writer: ActorWriter, revisions: readonly bigint[]) {
    const touched = [...new Set(revisions.flatMap((revision) => this.#touchedBy(revision)))]
    const loaded = await writer.load(movers, ledgerId, touched)
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
}

/** What readers saw over all runs: laws that hold because nothing was seen prove nothing. */
export class Sightings {
  whole = 0
  behind = 0
  outdated = 0

  /** Reads everything in one view: the fold as of its checkpoint, or nothing. */
  async read(store: ActorStore, history: History, reading: Reading): Promise<void> {
    await using view = await store.view()
    for (let waited = 0; waited < reading.after; waited += 1) await store.wait()
    await this.#readMarks(view)
    const checkpoint = (await view.checkpoint(movers))?.revision ?? -1n
    const expected = documentsAt(history, checkpoint)
    try {
      for (const find of reading.finds)
        expect(await view.find(movers, find)).toEqual(foundAt(movers, expected, find))
      for (const id of reading.ids)
        expect(await view.get(movers, id)).toEqual(expected.find((each) => each.id === id))
      this.whole += 1
      await using now = await store.view()
      if ((await now.checkpoint(movers))?.revision !== checkpoint) this.behind += 1
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

/** Whatever was left: one more projector brings it to the end, and then all is there. */
export async function finish(store: ActorStore, history: History): Promise<void> {
  const batches = Array.from({ length: history.length }, () => ({ events: 4, stale: false }))
  await new Projector(store, history).run(batches)
  const head = BigInt(history.length - 1)
  await using writer = await store.openWriter()
  for (const model of [movers, marks])
    expect(await writer.checkpoint(model, ledgerId)).toEqual(at(head))
  const loaded = await writer.load(movers, ledgerId, ids)
  expect(loaded.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(documentsAt(history, head))
  const last = new Sightings()
  const finds = [{ where: [], orderBy: ['place'], limit: 9 }]
  await last.read(store, history, { finds, ids, after: 0 })
  expect(last.whole).toBe(1)
}
