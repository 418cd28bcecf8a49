import type { Find, ReadView, StoredDocument } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import type { LedgerId } from '#values/ids.ts'
import type { JsonObject } from '#values/json.ts'

/** How many documents a scan reads at a time, between two turns of the event loop. */
export const scanPageSize = 1_000

/** A stored document of a known kind. `revision` is the last one it contains. */
export type Found<Document extends JsonObject> = {
  readonly id: string
  readonly revision: bigint
  readonly document: Document
  /** Only on what a view of all ledgers found. */
  readonly ledgerId?: LedgerId
  /** Only there: of the document there are but the fields that are asked for or put in order. */
  readonly damaged?: true
}

export async function getFrom<Document extends JsonObject>(
  view: ReadView,
  model: Projection<Document>,
  id: string,
): Promise<Found<Document> | undefined> {
  const found = await view.get(model, id)
  return found !== undefined && isOf(model, found) ? found : undefined
}

export async function findIn<Document extends JsonObject>(
  view: ReadView,
  model: Projection<Document>,
  find: Find,
): Promise<readonly Found<Document>[]> {
  const found = await view.find(model, find)
  return found.filter((each) => isOf(model, each))
}

/** The parsing edge: a model stores what its own fold made, and that is believed to be what its type says. */
function isOf<Document extends JsonObject>(
  _model: Projection<Document>,
  found: StoredDocument,
): found is Found<Document> & StoredDocument {
  return typeof found.document === 'object'
}

/** A scan that goes on reads so many times as much each time, until it reads `scanPageSize` at a time. */
const scanGrowth = 4

/**
 * Everything that a find asks for, `find.limit` documents at a time, or ever more of them where it grows; gives the event
 * loop a turn between two pages.
 */
export async function* pages<Document extends JsonObject>(
  view: ReadView,
  model: Projection<Document>,
  find: Find & { readonly grows?: boolean },
): AsyncGenerator<readonly Found<Document>[]> {
  const { grows = false, ...first } = find
  let next: Find = first
  for (;;) {
    const page = await findIn(view, model, next)
    if (page.length > 0) yield page
    const last = page.at(-1)
    if (last === undefined || page.length < next.limit) return
    const limit = grows ? Math.min(next.limit * scanGrowth, scanPageSize) : next.limit
    next = { ...first, limit, after: keyOf(last, find.orderBy) }
    await turn()
  }
}

/**
 * The first documents that pass, `count` at most, from whichever source is done first: all have them, in the same order,
 * and are read in turn, a page each, so that the cost is that of the shortest.
 */
export async function take<Document extends JsonObject>(
  sources: readonly AsyncIterable<readonly Found<Document>[]>[],
  count: number,
  accept: (document: Document) => boolean,
): Promise<Found<Document>[]> {
  const takings = sources.map((source) => taking(source, count, accept))
  for (let turns = 0; takings.length > 0; turns += 1) {
    const step = await takings[turns % takings.length]?.next()
    if (step?.done === true) return step.value
  }
  return []
}

/** Takes from one page with each step; the last one brings what was taken. */
async function* taking<Document extends JsonObject>(
  source: AsyncIterable<readonly Found<Document>[]>,
  count: number,
  accept: (document: Document) => boolean,
): AsyncGenerator<undefined, Found<Document>[]> {
  const taken: Found<Document>[] = []
  for await (const page of source) {
    taken.push(...page.filter(({ document }) => accept(document)))
    if (taken.length >= count) break
    yield undefined
  }
  return taken.slice(0, count)
}

/** Where a document stands in an order: the values it is ordered by, its id, and in a view of all ledgers its ledger. */
export function keyOf(found: Found<JsonObject>, orderBy: readonly string[]): readonly string[] {
  const key = [...orderBy.map((field) => textOf(found, field)), found.id]
  return found.ledgerId === undefined ? key : [...key, found.ledgerId]
}

/** Lets others of this process go first. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function textOf({ id, document }: Found<JsonObject>, field: string): string {
  const value = document[field]
  if (typeof value !== 'string') throw new TypeError(`document ${id} has no ${field} to order by`)
  return value
}
