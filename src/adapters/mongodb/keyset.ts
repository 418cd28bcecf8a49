import { compareValues, type Value, valueOf } from '#adapters/mongodb/values.ts'
import type { Find, ReadModelShape } from '#ports/read-models.ts'

/** A part of the order, by its place in it, compared with a value. */
export type Comparison = {
  readonly part: number
  readonly operator: '$eq' | '$gt' | '$gte' | '$lt' | '$lte'
  readonly value: Value
}

type Part = { readonly part: number; readonly value: Value }

type Search = {
  /** The fields that all documents of this search share. */
  readonly fixed: ReadonlyMap<string, Value>
  readonly across: boolean
}

/**
 * The part of a find's order that comes after `find.after`, for documents that share the `fixed` values: ways to come
 * after it, each a list of comparisons that all hold. Parts are the fields of the order, then the id, then the ledger.
 */
export function keysetAfter(
  model: ReadModelShape,
  find: Find,
  { fixed, across }: Search,
): readonly (readonly Comparison[])[] {
  if (find.after === undefined) return [[]]
  assertWhole(find, across)
  const past = find.descending === true ? '$lt' : '$gt'
  const parts: Part[] = []
  for (const [part, field] of find.orderBy.entries()) {
    const value = valueOf(model, field, partOf(find, part))
    const shared = fixed.get(field)
    const order = shared === undefined ? 0 : compareValues(shared, value)
    if (order !== 0) return waysPast(parts, past, order > 0 === (past === '$gt'))
    if (shared === undefined) parts.push({ part, value })
  }
  return waysPast([...parts, ...identity(find, across)], past, false)
}

/** `orEqual`: documents that equal the last one seen in all of these parts come after it, too. */
function waysPast(
  parts: readonly Part[],
  past: '$lt' | '$gt',
  orEqual: boolean,
): readonly (readonly Comparison[])[] {
  if (parts.length === 0) return orEqual ? [[]] : []
  return parts.map(({ part, value }, at) => {
    const equal = parts.slice(0, at).map((each) => ({ ...each, operator: '$eq' as const }))
    const last = orEqual && at === parts.length - 1
    return [...equal, { part, value, operator: last ? (`${past}e` as const) : past }]
  })
}

/** The id, and across ledgers the ledger where it is named: ids repeat in other ledgers. */
function identity(find: Find, across: boolean): Part[] {
  const at = find.orderBy.length
  const named = find.after?.length === at + 2
  const id = { part: at, value: partOf(find, at) }
  return across && named ? [id, { part: at + 1, value: partOf(find, at + 1) }] : [id]
}

function partOf({ after }: Find, at: number): string {
  return after?.[at] ?? ''
}

function assertWhole({ after, orderBy }: Find, across: boolean): void {
  const parts = after?.length ?? 0
  const least = orderBy.length + 1
  if (parts !== least && !(across && parts === least + 1))
    throw new Error(`after has ${parts} parts, not a value for each of ${orderBy.join()} and an id`)
}
