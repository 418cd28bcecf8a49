import { expect } from 'vitest'
import type { RecordedEvent } from '#events/envelope.ts'
import type { Projection } from '#projections/projection.ts'
import type { JsonObject } from '#values/json.ts'

/** What a projection makes of events, in the most naive way: one event and one document after the other. */
export function foldAll<Document extends JsonObject>(
  projection: Projection<Document>,
  events: readonly RecordedEvent[],
): ReadonlyMap<string, Document> {
  const documents = new Map<string, Document>()
  for (const event of events)
    for (const id of projection.keysOf(event))
      documents.set(id, projection.evolve(documents.get(id), event, id))
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
