import {
  acrossIndexes,
  type CollectionIndex,
  isSelective,
  ledgerIndexes,
} from '#adapters/sqlite/read-models-collection.ts'
import type { Filter } from '#adapters/sqlite/read-models-filter.ts'
import type { Find, ReadModelShape } from '#ports/read-models.ts'

/**
 * How a find goes through an index: at a fixed value of each of the leading fields `fixed`, in the order of the rest.
 * `driving` is the first of that rest: bounds on it narrow what is read.
 */
export type IndexChoice = {
  readonly index: CollectionIndex
  readonly fixed: readonly string[]
  readonly driving: string | undefined
}

type Filters = ReadonlyMap<string, Filter>

/**
 * The index that gives the find's order and fixes most of its fields. What it does not answer is compared entry by
 * entry or document by document, which is only let pass where a fixed field keeps these few.
 * @throws an Error naming the model and the fields when no declared index serves the find.
 */
export function chooseIndex(
  model: ReadModelShape,
  find: Pick<Find, 'where' | 'orderBy'>,
  { filters, across }: { readonly filters: Filters; readonly across: boolean },
): IndexChoice {
  const candidates = (across ? acrossIndexes(model) : ledgerIndexes(model))
    .map((index) => choiceOf(index, find.orderBy, filters))
    .filter((choice) => choice !== undefined)
    .filter((choice) => choice.fixed.length > 0 || holdsAll(model, choice))
    .map((choice) => ({ choice, left: unserved(choice, filters) }))
    .filter(({ choice, left }) => left === 0 || choice.fixed.length > 0)
    .toSorted((a, b) => b.choice.fixed.length - a.choice.fixed.length || a.left - b.left)
  const best = candidates[0]?.choice
  if (best === undefined) throw new Error(noIndex(model, [...filters.keys()], find.orderBy))
  return best
}

/** A ledger's documents are not all in an index by a field that most of them lack, nor together in one by a selective field. */
function holdsAll(model: ReadModelShape, { index: { fields } }: IndexChoice): boolean {
  const isSparse = model.sparse?.some((field) => field === fields[0]) === true
  return !isSparse && !isSelective(model, fields)
}

/** Fixes as many leading fields as it can so that what follows them is exactly the order asked. */
function choiceOf(
  index: CollectionIndex,
  orderBy: readonly string[],
  filters: Filters,
): IndexChoice | undefined {
  const free = index.fields.findIndex((field) => filters.get(field)?.values === undefined)
  const fixable = free === -1 ? index.fields.length : free
  for (let count = fixable; count >= 0; count--) {
    const fixed = index.fields.slice(0, count)
    const rest = index.fields.slice(count)
    const order = orderBy.filter((field) => !fixed.includes(field))
    const same = order.length === rest.length && order.every((field, at) => field === rest[at])
    if (same) return { index, fixed, driving: rest[0] }
  }
  return undefined
}

/** How many filters neither a fixed value nor the bounds of the driving field answer. */
function unserved({ fixed, driving }: IndexChoice, filters: Filters): number {
  const left = [...filters.values()].filter(({ field, values }) => {
    return !fixed.includes(field) && (field !== driving || values !== undefined)
  })
  return left.length
}

function noIndex(
  model: ReadModelShape,
  where: readonly string[],
  orderBy: readonly string[],
): string {
  const asked = `where (${where.join(', ')}) order by (${orderBy.join(', ')})`
  return `no index of ${model.name} v${model.version} serves a find ${asked}`
}
