import { expect } from 'vitest'
import type { RecordedEvent } from '#events/envelope.ts'
import type { Projection } from '#projections/projection.ts'
import { assertFit } from '#projections/runtime/fit.ts'
import type { JsonObject } from '#values/json.ts'

/**
 * What a projection makes of events, in the most naive way: one event and one document after the other.
 * @throws where no store could keep a document, or find it by what the projection declares.
 */
export function foldAll<Document extends JsonObject>(
  projection: Projection<Document>,
  events: readonly RecordedEvent[],
): ReadonlyMap<string, Document> {
  const folded = foldStored(projection, events)
  return new Map([...folded].map(([id, { document }]) => [id, document]))
}

/** The same, with the revision of the last event that each document contains. */
export function foldStored<Document extends JsonObject>(
  projection: Projection<Document>,
  events: readonly RecordedEvent[],
): ReadonlyMap<string, { readonly revision: bigint; readonly document: Document }> {
  const documents = new Map<string, { revision: bigint; document: Document }>()
  const documentOf = (id: string): Document => {
    const stored = documents.get(id)
    if (stored === undefined) throw new Error(`there is no ${id}`)
    return stored.document
  }
  for (const event of events)
    for (const id of projection.keysOf(event)) {
      const { revision } = event
      const before = documents.get(id)?.document
      const closings = before === undefined ? [] : (projection.closings?.(before, id) ?? [])
      for (const closing of closings)
        documents.set(closing.id, {
          revision,
          document: closing.make(closing.parts.map(documentOf)),
        })
      const document = projection.evolve(before, event, id)
      assertFit(projection, id, document)
      documents.set(id, { revision, document })
    }
  return documents
}

/** Given recorded events, then these documents are there, or the books contradict. */
export function specify<Document extends JsonObject>(projection: Projection<Document>) {
  return {
    given: (...events: readonly RecordedEvent[]) => ({
      thenDocument: (id: string, expected: Document) =>
        expect(foldAll(projection, events).get(id)).toEqual(expected),
      thenDocuments: (expected: Readonly<Record<string, Document>>) =>
        expect(Object.fromEntries(foldAll(projection, events))).toEqual(expected),
      thenPart: (id: string, expected: Partial<Document>) =>
        expect(foldAll(projection, events).get(id)).toMatchObject(expected),
      thenContradiction: (message: string) =>
        expect(() => foldAll(projection, events)).toThrow(message),
    }),
  }
}
