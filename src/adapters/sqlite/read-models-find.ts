import {
  columnOf,
  idColumn,
  ledgerNumber,
  orderedColumns,
  tableOf,
} from '#adapters/sqlite/read-models-collection.ts'
import { type Filter, filtersOf } from '#adapters/sqlite/read-models-filter.ts'
import { chooseIndex, type IndexChoice } from '#adapters/sqlite/read-models-index-choice.ts'
import { keysetAfter, type Keyset } from '#adapters/sqlite/read-models-keyset.ts'
import type { Value } from '#adapters/sqlite/read-models-values.ts'
import type { Find, ReadModelShape } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** SQL with a `?` for each of `values`. */
export type Sql = { readonly text: string; readonly values: readonly Value[] }

/** At most this many combinations of `oneOf` values: SQLite merges one ordered search for each. */
const searchesMax = 200

type Asked = {
  readonly model: ReadModelShape
  readonly find: Find
  readonly filters: ReadonlyMap<string, Filter>
  readonly choice: IndexChoice
  readonly ledgerId: LedgerId | undefined
}

/**
 * A find as one statement through one index, in one ledger or across all. Undefined where nothing can match.
 * @throws on a field that is not declared, and when no index serves the find.
 */
export function findStatement(
  model: ReadModelShape,
  given: Find,
  ledgerId: LedgerId | undefined,
): Sql | undefined {
  const find = ledgerId === undefined ? given : inOrderOfIds(model, given)
  const filters = filtersOf(model, find.where)
  const choice = chooseIndex(model, find, { filters, across: ledgerId === undefined })
  const asked: Asked = { model, find, filters, choice, ledgerId }
  const all = combinations(asked)
  const searches = all
    .map((fixed) => search(asked, fixed, all.length > 1))
    .filter((sql) => sql !== undefined)
  if (searches.length === 0) return undefined
  const direction = find.descending === true ? ' DESC' : ''
  const order = orderColumns(asked).map((column) => column + direction)
  return joined(
    [
      joined(searches, ' UNION ALL '),
      { text: `ORDER BY ${order.join(', ')} LIMIT ?`, values: [BigInt(find.limit)] },
    ],
    ' ',
  )
}

/** Without an order, ids have that of the field that holds them. */
function inOrderOfIds(model: ReadModelShape, find: Find): Find {
  if (model.id === undefined || find.orderBy.length > 0) return find
  const [id] = find.after ?? []
  return { ...find, orderBy: [model.id], ...(id !== undefined && { after: [id, id] }) }
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

/** Those documents after the last one seen that have the fixed values; undefined where there can be none. */
function search(
  asked: Asked,
  fixed: ReadonlyMap<string, Value>,
  isMerged: boolean,
): Sql | undefined {
  const { model, choice, ledgerId, find, filters } = asked
  const keyset = keysetAfter(model, find, { fixed, across: ledgerId === undefined })
  if (keyset === 'nothing') return undefined
  const conditions: Sql[] = [
    ...(ledgerId === undefined ? [] : [{ text: `ledger = ${ledgerNumber}`, values: [ledgerId] }]),
    ...[...fixed].map(([field, value]) => ({
      text: `${columnOf(model, field)} = ?`,
      values: [value],
    })),
    ...(keyset === 'everything' ? [] : [keyset]),
    ...[...filters.values()].flatMap((filter) => comparisons(asked, filter, keyset)),
  ]
  const where = joined(conditions, ' AND ')
  const checked = find.checksFields === true || ledgerId === undefined ? fieldColumns(model) : []
  const columns = [idSelected(model), 'revision', 'document', 'checksum', ...checked]
  columns.push(...selected(asked, isMerged))
  const from = `FROM "${tableOf(model)}" INDEXED BY "${choice.index.name}"`
  const text = `SELECT ${columns.join(', ')} ${from}`
  return conditions.length === 0
    ? { text, values: [] }
    : { text: `${text} WHERE ${where.text}`, values: where.values }
}

/** What a filter asks beyond the fixed values. A plus sign keeps SQLite from searching by that comparison. */
function comparisons({ model, choice, find }: Asked, filter: Filter, keyset: Keyset): Sql[] {
  const { field, values, bounds } = filter
  const column = columnOf(model, field)
  const marks = values?.map(() => '?').join(', ')
  const listed: Sql[] =
    values === undefined || choice.fixed.includes(field)
      ? []
      : [{ text: `+${column} IN (${marks})`, values }]
  const paging = keyset !== 'everything' && keyset !== 'nothing'
  const compared = bounds.map(({ operator, value }) => {
    const startsPage = (operator === '>=') !== (find.descending === true)
    const searched = choice.driving === field && !(paging && startsPage)
    return { text: `${searched ? '' : '+'}${column} ${operator} ?`, values: [value] }
  })
  return [...listed, ...compared]
}

/** The document's id as text, whichever column holds it. */
export function idSelected(model: ReadModelShape): string {
  const column = idColumn(model)
  return column === 'id' ? column : `CAST(${column} AS TEXT) AS id`
}

function fieldColumns(model: ReadModelShape): string[] {
  return Object.keys(model.fields).map((field) => columnOf(model, field))
}

/** Searches that are merged are put in order by what they select. */
function selected(asked: Asked, isMerged: boolean): string[] {
  const ordering = orderColumns(asked).filter((column) => column !== 'id' && column !== 'ledger')
  const order = isMerged ? ordering : []
  const name = '(SELECT ledger_id FROM ledger_numbers WHERE number = ledger) AS ledger_id'
  return asked.ledgerId === undefined ? [...order, name] : order
}

function orderColumns({ model, find, ledgerId }: Asked): string[] {
  const columns = orderedColumns(model, find.orderBy)
  return ledgerId === undefined ? [...columns, 'ledger'] : columns
}

function joined(parts: readonly Sql[], separator: string): Sql {
  return {
    text: parts.map(({ text }) => text).join(separator),
    values: parts.flatMap(({ values }) => values),
  }
}
