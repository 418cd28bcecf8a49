import { compareValues, prefixEnd, type Value, valueOf } from '#adapters/mongodb/values.ts'
import type { Condition, ReadModelShape } from '#ports/read-models.ts'

/** All that a find asks of one field: one of `values` where there are any, and within all `bounds`. */
export type Filter = {
  readonly field: string
  readonly values: readonly Value[] | undefined
  readonly bounds: readonly Bound[]
}

export type Bound = { readonly operator: '$gte' | '$lt' | '$lte'; readonly value: Value }

/** The conditions by field. @throws on a field that is not declared. */
export function filtersOf(
  model: ReadModelShape,
  where: readonly Condition[],
): ReadonlyMap<string, Filter> {
  const filters = new Map<string, Filter>()
  for (const condition of where) {
    const added = filterOf(model, condition)
    const known = filters.get(added.field)
    filters.set(added.field, known === undefined ? added : both(known, added))
  }
  return filters
}

function filterOf(model: ReadModelShape, condition: Condition): Filter {
  const { field } = condition
  const read = (text: string) => valueOf(model, field, text)
  if ('is' in condition) return { field, values: [read(condition.is)], bounds: [] }
  if ('oneOf' in condition) {
    const values = [...new Set(condition.oneOf.map(read))].toSorted(compareValues)
    return { field, values, bounds: [] }
  }
  if ('prefix' in condition) return { field, values: undefined, bounds: prefixed(model, condition) }
  const { from, before, upTo } = condition
  const bounds: Bound[] = []
  if (from !== undefined) bounds.push({ operator: '$gte', value: read(from) })
  if (before !== undefined) bounds.push({ operator: '$lt', value: read(before) })
  if (upTo !== undefined) bounds.push({ operator: '$lte', value: read(upTo) })
  return { field, values: undefined, bounds }
}

function prefixed(
  model: ReadModelShape,
  { field, prefix }: { readonly field: string; readonly prefix: string },
): Bound[] {
  if (model.fields[field] === 'integer') throw new Error(`${field} is an integer: no prefixes`)
  const end = prefixEnd(prefix)
  const from: Bound = { operator: '$gte', value: valueOf(model, field, prefix) }
  return end === undefined ? [from] : [from, { operator: '$lt', value: end }]
}

function both(left: Filter, right: Filter): Filter {
  const values =
    left.values === undefined || right.values === undefined
      ? (left.values ?? right.values)
      : left.values.filter((value) => right.values?.includes(value))
  return { field: left.field, values, bounds: [...left.bounds, ...right.bounds] }
}
