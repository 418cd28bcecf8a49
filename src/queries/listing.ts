import type { Find } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import type { Answer, Moment } from '#queries/query.ts'
import { type Found, keyOf, pages, scanPageSize, take } from '#queries/reading.ts'
import { invalidCursor } from '#queries/refusals.ts'
import type { JsonObject } from '#values/json.ts'

/** Page sizes of the lists, as the API promises them. */
export const listPaging = { limitDefault: 50, limitMax: 200 }

/** What a list shows, in which order. `accept` is a filter that no index serves: the list is then read page by page. */
export type Listing<Document extends JsonObject> = {
  readonly model: Projection<Document>
  readonly where: Find['where']
  /** Other conditions, each of which finds all that is shown as well: whichever is done first is taken. */
  readonly orWhere?: readonly Find['where'][]
  readonly orderBy: readonly string[]
  readonly descending?: boolean
  readonly accept?: (document: Document) => boolean
  readonly resource: (document: Document) => JsonObject
  /** What else there is to say of some of a page's lines, looked up once for all of them. */
  readonly notes?: (shown: readonly Document[]) => Promise<(document: Document) => JsonObject>
}

/** One page of a list out of one read model. */
export async function list<Document extends JsonObject>(
  moment: Moment,
  listing: Listing<Document>,
): Promise<Answer> {
  const { model, where, orWhere = [], orderBy, descending = false } = listing
  const { after } = moment.page
  const grows = listing.accept !== undefined
  const order = { orderBy, descending, grows, limit: readSize(moment, listing) }
  const sources = [where, ...orWhere].map((conditions) => {
    const find = { ...order, where: conditions }
    return pages(moment.view, model, after === undefined ? find : { ...find, after })
  })
  return listFrom(moment, sources, listing)
}

/** One page of a list whose documents come, in its order and from after its cursor, out of each of the `sources`. */
export async function listFrom<Document extends JsonObject>(
  { ledgerId, page: { limit, after } }: Moment,
  sources: readonly AsyncIterable<readonly Found<Document>[]>[],
  { orderBy, accept, resource, notes }: Omit<Listing<Document>, 'model' | 'where'>,
): Promise<Answer> {
  const keyLength = orderBy.length + (ledgerId === undefined ? 2 : 1)
  if (after !== undefined && after.length !== keyLength) return invalidCursor
  const found = await take(sources, limit + 1, accept ?? (() => true))
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  const more = found.length > limit && last !== undefined
  const documents = shown.map(({ document }) => document)
  const noteOf = await notes?.(documents)
  return {
    kind: 'page',
    data: shown.map(({ document, damaged }) => ({
      ...resource(document),
      ...noteOf?.(document),
      ...(damaged === true && { damaged }),
    })),
    next: more ? keyOf(last, orderBy) : null,
  }
}

/** Of a filtered list most documents pass, and a few do not: of an account's entries, that it was opened. */
const passedOver = 2

/** One document more than a page shows tells whether another page follows. */
function readSize(moment: Moment, { accept }: { readonly accept?: unknown }): number {
  const shown = moment.page.limit + 1
  return accept === undefined ? shown : Math.min(shown + passedOver, scanPageSize)
}
