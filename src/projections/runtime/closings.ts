import type { RecordedEvent } from '#events/envelope.ts'
import type { StoredDocument } from '#ports/read-models.ts'
import type { Closing, Projection } from '#projections/projection.ts'
import type { JsonObject } from '#values/json.ts'

/** Most events close nothing. */
const none: readonly never[] = []

type Documents = ReadonlyMap<string, StoredDocument>
type Folding = { readonly projection: Projection; readonly documents: Documents }

/** The ids of what the event's closings are made of, as far as `documents` lacks it and they don't make it themselves. */
export function partsMissing(
  { projection, documents }: Folding,
  event: RecordedEvent,
  keys: readonly string[],
): readonly string[] {
  if (projection.closings === undefined) return none
  return keys.flatMap((key): readonly string[] => {
    const closings = closingsBy({ projection, documents }, event, key)
    if (closings.length === 0) return none
    const made = new Set(closings.map(({ id }) => id))
    return closings
      .flatMap(({ parts }) => parts)
      .filter((id) => !made.has(id) && !documents.has(id))
  })
}

/** The documents that are closed before the event changes the one under `key`, in the order in which they are made. */
export function closedBefore(
  folding: Folding,
  event: RecordedEvent,
  key: string,
): readonly StoredDocument[] {
  const closings = closingsBy(folding, event, key)
  if (closings.length === 0) return none
  const made = new Map<string, StoredDocument>()
  for (const closing of closings) {
    const { id, parts } = closing
    const given = parts.map((part) => {
      const stored = made.get(part) ?? folding.documents.get(part)
      if (stored === undefined) throw new Error(`${part} is missing, which ${id} is made of`)
      return stored.document
    })
    made.set(id, { id, revision: event.revision, document: closing.make(given), closed: true })
  }
  return [...made.values()]
}

/** None where the document already contains the event. */
function closingsBy(
  { projection, documents }: Folding,
  event: RecordedEvent,
  key: string,
): readonly Closing<JsonObject>[] {
  if (projection.closings === undefined) return none
  const stored = documents.get(key)
  if (stored === undefined || stored.revision >= event.revision) return none
  return projection.closings(stored.document, key)
}
