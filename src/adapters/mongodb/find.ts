import type { Filter as MongoFilter } from 'mongodb'
import { pathOf } from '#adapters/mongodb/collections.ts'
import { type Filter, filtersOf } from '#adapters/mongodb/filter.ts'
import { chooseIndex, type IndexChoice } from '#adapters/mongodb/index-choice.ts'
import { type Comparison, keysetAfter } from '#adapters/mongodb/keyset.ts'
import { documentKey, type Row } from '#adapters/mongodb/rows.ts'
import type { Value } from '#adapters/mongodb/values.ts'
import type { Find, ReadModelShape } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** How a find is put to MongoDB. */
export type FindPlan = {
  readonly index: string
  readonly sort: Readonly<Record<string, 1 | -1>>
  /** What the documents found have to be as they are now. */
  readonly current: MongoFilter<Row>
  /** What they had to be before they were replaced, without regard to when that was. */
  readonly before: MongoFilter<Row>
}

/** At most this many combinations of `oneOf` values: MongoDB merges one ordered search for each. */
const searchesMax = 200

type Asked = {
  readonly model: ReadModelShape
  readonly find: Find
  readonly filters: ReadonlyMap<string, Filter>
  readonly choice: IndexChoice
  readonly ledgerId: LedgerId | undefined
}

/**
 * A find through one index, in one ledger or across all. Undefined where nothing can match.
 * @throws on a field that is not declared, and when no index serves the find.
 */
export function planFind(
  model: ReadModelShape,
  find: Find,
  ledgerId: LedgerId | undefined,
): FindPlan | undefined {
  const filters = filtersOf(model, find.where)
  const choice = chooseIndex(model, find, { filters, across: ledgerId === undefined })
  const asked: Asked = { model, find, filters, choice, ledgerId }
  const searches = combinations(asked)
  const current = searches.flatMap((fixed) => conditions(asked, fixed, ''))
  if (current.length === 0) return undefined
  const before = searches.flatMap((fixed) => conditions(asked, fixed, 'before.'))
  const direction = find.descending === true ? -1 : 1
  const sort = orderPaths(asked).map((path) => [path, direction] as const)
  return {
    index: choice.index.name,
    sort: Object.fromEntries(sort),
    current: anyOf(current),
    before: anyOf(before),
  }
}

/** Every way to give each of the fixed fields one of its values. */
function combinations({ model, filters, choice }: Asked): ReadonlyMap<string, Value>[] {
  const empty = [...filters.values()].some(({ values }) => values?.length === 0)
  if (empty) return []
  let all: Map<string, Value>[] = [new Map()]
  for (const field of choice.fixed) {
    const values = filters.get(field)?.values ?? []
    all = all.flatMap((fixed) => values.map((value) => new Map(fixed).set(field, value)))
    if (all.length > searchesMax) throw new Error(`a find in ${model.name} lists too many values`)
  }
  return all
}

/**
 * The documents after the last one seen that have the fixed values: one range of the index for each way to come after
 * it. `under` is where the fields are looked for. Values are always operands, never whole conditions.
 */
function conditions(
  asked: Asked,
  fixed: ReadonlyMap<string, Value>,
  under: '' | 'before.',
): MongoFilter<Row>[] {
  const { model, find, filters, ledgerId } = asked
  const shared = [
    ...ofLedger(asked),
    ...[...fixed].map(([field, value]) => ({ [under + pathOf(model, field)]: { $eq: value } })),
  ]
  const rest = [...filters.values()].flatMap((filter) => comparisons(asked, filter, under))
  const keyset = keysetAfter(model, find, { fixed, across: ledgerId === undefined })
  return keyset.map((way) => {
    const past = way.map((comparison) => comparedPart(asked, comparison, under))
    return allOf([...shared, ...past, ...rest])
  })
}

function ofLedger(asked: Asked): MongoFilter<Row>[] {
  const { ledgerId } = asked
  if (ledgerId === undefined) return []
  return byId(asked) ? [documentsOf(ledgerId)] : [{ ledgerId: { $eq: ledgerId } }]
}

/** All documents of one ledger, by `_id`: no ledger's id has a slash, and `0` follows it. */
export function documentsOf(ledgerId: LedgerId): { _id: { $gt: string; $lt: string } } {
  return { _id: { $gt: `${ledgerId}/`, $lt: `${ledgerId}0` } }
}

function comparedPart(
  asked: Asked,
  { part, operator, value }: Comparison,
  under: string,
): MongoFilter<Row> {
  const { model, find, ledgerId } = asked
  const field = find.orderBy[part]
  if (field !== undefined) return { [under + pathOf(model, field)]: { [operator]: value } }
  const path = identityPaths(asked)[part - find.orderBy.length] ?? 'id'
  const whole = path === '_id' ? documentKey(ledgerId ?? '', String(value)) : value
  return { [path]: { [operator]: whole } }
}

/** What a filter asks beyond the fixed values. */
function comparisons({ model, choice }: Asked, filter: Filter, under: string): MongoFilter<Row>[] {
  const { field, values, bounds } = filter
  const path = under + pathOf(model, field)
  const listed =
    values === undefined || choice.fixed.includes(field) ? [] : [{ [path]: { $in: [...values] } }]
  return [...listed, ...bounds.map(({ operator, value }) => ({ [path]: { [operator]: value } }))]
}

/** What is fixed at one value orders nothing. */
function orderPaths(asked: Asked): readonly string[] {
  const { model, find, filters, choice } = asked
  const single = (field: string) =>
    choice.fixed.includes(field) && filters.get(field)?.values?.length === 1
  const fields = find.orderBy.filter((field) => !single(field))
  return [...fields.map((field) => pathOf(model, field)), ...identityPaths(asked)]
}

function identityPaths(asked: Asked): readonly string[] {
  if (asked.ledgerId === undefined) return ['id', 'ledgerId']
  return byId(asked) ? ['_id'] : ['id']
}

function byId({ choice }: Asked): boolean {
  return choice.index.name === '_id_'
}

function allOf(filters: MongoFilter<Row>[]): MongoFilter<Row> {
  return filters.length === 0 ? {} : { $and: filters }
}

function anyOf(filters: MongoFilter<Row>[]): MongoFilter<Row> {
  const [only] = filters
  return filters.length === 1 && only !== undefined ? only : { $or: filters }
}
