import type {
  Condition,
  Document,
  Find,
  ReadModelShape,
  StoredDocument,
} from '#ports/read-models.ts'

/** Answers a find by looking at every document: what an index of a store must come to as well. */
export function search(
  model: ReadModelShape,
  documents: readonly StoredDocument[],
  { where, orderBy, descending = false, after, limit }: Find,
): readonly StoredDocument[] {
  for (const field of [...orderBy, ...where.map((condition) => condition.field)])
    if (!Object.hasOwn(model.fields, field)) throw new Error(`${model.name} declares no ${field}`)
  const direction = descending ? -1 : 1
  const seen = after?.map((value, index) => comparable(model, orderBy[index], value))
  return documents
    .filter(({ document }) => where.every((condition) => holds(model, document, condition)))
    .map((stored) => ({ stored, key: sortKey(model, stored, orderBy) }))
    .filter(({ key }) => seen === undefined || compareKeys(key, seen) * direction > 0)
    .toSorted((a, b) => compareKeys(a.key, b.key) * direction)
    .slice(0, limit)
    .map(({ stored }) => stored)
}

function holds(model: ReadModelShape, document: Document, condition: Condition): boolean {
  const { field } = condition
  const text = document[field]
  if (typeof text !== 'string') return false
  if ('is' in condition) return text === condition.is
  if ('oneOf' in condition) return condition.oneOf.includes(text)
  if ('prefix' in condition) return text.startsWith(condition.prefix)
  const to = (bound: string) =>
    compare(comparable(model, field, text), comparable(model, field, bound))
  return isWithin(condition, to)
}

function isWithin(
  { from, before, upTo }: Extract<Condition, { readonly from?: string }>,
  to: (bound: string) => number,
): boolean {
  if (from !== undefined && to(from) < 0) return false
  if (before !== undefined && to(before) >= 0) return false
  return upTo === undefined || to(upTo) <= 0
}

type Comparable = string | bigint

function sortKey(
  model: ReadModelShape,
  { id, document, ledgerId }: StoredDocument,
  orderBy: readonly string[],
): readonly Comparable[] {
  const values = orderBy.map((field) => {
    const value = document[field]
    return comparable(model, field, typeof value === 'string' ? value : '')
  })
  return ledgerId === undefined ? [...values, id] : [...values, id, ledgerId]
}

/** Without a field, an id: compared as text. What is absent sorts before everything. */
function comparable(model: ReadModelShape, field: string | undefined, value: string): Comparable {
  if (field === undefined || model.fields[field] !== 'integer') return value
  return value === '' ? -1n : BigInt(value)
}

function compareKeys(a: readonly Comparable[], b: readonly Comparable[]): number {
  for (const [index, value] of a.entries()) {
    const order = compare(value, b[index] ?? '')
    if (order !== 0) return order
  }
  return 0
}

/** Text by code points, which is the order of its UTF-8. */
function compare(a: Comparable, b: Comparable): number {
  if (typeof a === 'string' && typeof b === 'string')
    return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (a === b) return 0
  return a < b ? -1 : 1
}
