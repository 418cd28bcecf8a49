import { columnOf, idColumn, ledgerNumber } from '#adapters/sqlite/read-models-collection.ts'
import { compareValues, type Value, valueOf } from '#adapters/sqlite/read-models-values.ts'
import type { Find, ReadModelShape } from '#ports/read-models.ts'

/** What comes after the last document seen, as a comparison of rows. */
export type Keyset =
  | 'everything'
  | 'nothing'
  | { readonly text: string; readonly values: readonly Value[] }

type Part = { readonly column: string; readonly mark: string; readonly value: Value }

type Search = {
  /** The fields that all documents of this search share. */
  readonly fixed: ReadonlyMap<string, Value>
  readonly across: boolean
}

/** The part of a find's order that comes after `find.after`, for documents that share the `fixed` values. */
export function keysetAfter(model: ReadModelShape, find: Find, { fixed, across }: Search): Keyset {
  if (find.after === undefined) return 'everything'
  assertWhole(find, across)
  const past = find.descending === true ? '<' : '>'
  const parts: Part[] = []
  for (const [at, field] of find.orderBy.entries()) {
    const value = valueOf(model, field, partOf(find, at))
    const shared = fixed.get(field)
    const order = shared === undefined ? 0 : compareValues(shared, value)
    if (order !== 0) return comparison(parts, order > 0 === (past === '>') ? `${past}=` : past)
    if (shared === undefined) parts.push({ column: columnOf(model, field), mark: '?', value })
  }
  return comparison([...parts, ...identity(model, find, across)], past)
}

/** Compares by the order's parts before the one where all documents of the search differ from the last one seen. */
function comparison(parts: readonly Part[], operator: string): Keyset {
  if (parts.length === 0) return operator.endsWith('=') ? 'everything' : 'nothing'
  const columns = parts.map(({ column }) => column).join(', ')
  const marks = parts.map(({ mark }) => mark).join(', ')
  return { text: `(${columns}) ${operator} (${marks})`, values: parts.map(({ value }) => value) }
}

/** The id, and across ledgers the ledger where it is named: ids repeat in other ledgers. */
function identity(model: ReadModelShape, find: Find, across: boolean): Part[] {
  const named = find.after?.length === find.orderBy.length + 2
  const id = idPart(model, find)
  if (!across || !named) return id
  return [
    ...id,
    { column: 'ledger', mark: ledgerNumber, value: partOf(find, find.orderBy.length + 1) },
  ]
}

/** None where the order has the id in it already. */
function idPart(model: ReadModelShape, find: Find): Part[] {
  if (model.id !== undefined && find.orderBy.includes(model.id)) return []
  const text = partOf(find, find.orderBy.length)
  const value = model.id === undefined ? text : valueOf(model, model.id, text)
  return [{ column: idColumn(model), mark: '?', value }]
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
