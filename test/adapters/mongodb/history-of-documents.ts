import * as fc from 'fast-check'
import type { Document, Find, ReadModelShape, StoredDocument } from '#ports/read-models.ts'
import { search } from '#test/support/document-search.ts'

/** Which documents each event of a ledger touches, from revision 0 on. */
export type History = readonly (readonly string[])[]

export const ids = ['a', 'b', 'c', 'd']

/** Documents whose fields change with every event, so that they move in every index. */
export const movers: ReadModelShape = {
  name: 'movers',
  version: 1,
  fields: { state: 'text', place: 'integer' },
  indexes: [['place'], ['state', 'place']],
}

/** A document per event, written once. */
export const marks: ReadModelShape = {
  name: 'marks',
  version: 1,
  fields: { place: 'integer' },
  indexes: [['place']],
  appendOnly: true,
}

export const ledgerId = 'acme'

export const aHistory: fc.Arbitrary<History> = fc.array(fc.subarray(ids, { minLength: 1 }), {
  minLength: 6,
  maxLength: 16,
})

/** Folds one event into a document, which remembers every event that was folded into it. */
export function evolve(document: Document | undefined, revision: bigint): Document {
  const touched = document?.['touched']
  const before = typeof touched === 'string' ? touched : ''
  const place = String((revision * 7n) % 5n)
  return { touched: `${before}/${revision}`, state: revision % 3n === 0n ? 'open' : 'done', place }
}

export function mark(revision: bigint): StoredDocument {
  return { id: `m${revision}`, revision, document: { place: String((revision * 3n) % 4n) } }
}

/** The documents as of a checkpoint: what every view of it must show. */
export function documentsAt(history: History, checkpoint: bigint): readonly StoredDocument[] {
  return ids.flatMap((id) => {
    const touching = [...history.keys()]
      .map(BigInt)
      .filter((revision) => revision <= checkpoint && history[Number(revision)]?.includes(id))
    const last = touching.at(-1)
    if (last === undefined) return []
    const document = touching.reduce(
      (before: Document | undefined, revision) => evolve(before, revision),
      undefined,
    )
    return document === undefined ? [] : [{ id, revision: last, document }]
  })
}

export function marksAt(checkpoint: bigint): readonly StoredDocument[] {
  return Array.from({ length: Number(checkpoint) + 1 }, (_, revision) => mark(BigInt(revision)))
}

export function foundAt(
  model: ReadModelShape,
  documents: readonly StoredDocument[],
  find: Find,
): readonly StoredDocument[] {
  return search(model, documents, find)
}

const after = fc.option(fc.tuple(fc.constantFrom('0', '1', '2', '3'), fc.constantFrom(...ids)), {
  nil: undefined,
})

/** A page of the movers, from anywhere in any of their orders. */
export const aFind: fc.Arbitrary<Find> = fc
  .record({
    states: fc.option(fc.subarray(['open', 'done'], { minLength: 1 }), { nil: undefined }),
    descending: fc.boolean(),
    limit: fc.integer({ min: 1, max: 4 }),
    after,
  })
  .map(({ states, after: seen, ...rest }) => ({
    where: states === undefined ? [] : [{ field: 'state', oneOf: states }],
    orderBy: ['place'],
    ...rest,
    ...(seen && { after: seen }),
  }))
