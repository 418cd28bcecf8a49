import type { ReadView } from '#ports/read-models.ts'
import type { EntryDocument } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import type { Projection } from '#projections/projection.ts'
import type { LedgerMoment } from '#queries/ledger-moment.ts'
import { type Found, getFrom, pages, scanPageSize } from '#queries/reading.ts'
import type { AccountId, RevisionId } from '#values/ids.ts'
import type { JsonObject } from '#values/json.ts'

/** Documents that an account's entries lead to. */
export type Trail<Document extends JsonObject> = {
  readonly accountId: AccountId
  readonly model: Projection<Document>
  /** The documents' id, which is the revision of the event that made them. */
  readonly idField: string
  /** The id of the document that was made together with the entry; undefined where none was. */
  readonly madeWith: (entry: EntryDocument) => RevisionId | undefined
  /** How many entries to read at a time. */
  readonly readSize: number
}

/**
 * Those documents, newest first, from after the page's cursor. First come all that the entries do not know yet, whatever
 * their account, which the reader has to filter: so the answer is as of one revision, that of the documents' own model.
 */
export async function* throughEntries<Document extends JsonObject>(
  moment: LedgerMoment,
  trail: Trail<Document>,
): AsyncGenerator<readonly Found<Document>[]> {
  const { view, revision, page } = moment
  const { model, idField, accountId, madeWith, readSize } = trail
  const before = beforeCursor(page.after)
  const unknownToEntries = { field: idField, from: (revision + 1n).toString(), ...before }
  const order = { orderBy: [idField], descending: true }
  yield* pages(view, model, { where: [unknownToEntries], ...order, limit: scanPageSize })
  const known = { field: 'revision', upTo: revision.toString(), ...before }
  const where = [{ field: 'accountId', is: accountId }, known]
  const find = { where, orderBy: ['revision'], descending: true, limit: readSize }
  let last: RevisionId | undefined
  for await (const found of pages(view, entries, find)) {
    const made = found.map(({ document }) => madeWith(document)).filter((id) => id !== undefined)
    const ids = [...new Set(made)].filter((id) => id !== last)
    last = ids.at(-1) ?? last
    for (const some of chunksOf(ids, page.limit + 1)) yield getAll(view, model, some)
  }
}

async function getAll<Document extends JsonObject>(
  view: ReadView,
  model: Projection<Document>,
  ids: readonly RevisionId[],
): Promise<readonly Found<Document>[]> {
  const found = await Promise.all(ids.map((id) => getFrom(view, model, id)))
  return found.filter((document) => document !== undefined)
}

function* chunksOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}

function beforeCursor(after: readonly string[] | undefined): { before?: string } {
  const [id] = after ?? []
  return id === undefined ? {} : { before: id }
}
