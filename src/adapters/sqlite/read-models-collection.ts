import type { ModelBuild, ReadModelShape } from '#ports/read-models.ts'

/** One index of a collection. `name` is also what a query plan calls it. */
export type CollectionIndex = { readonly name: string; readonly fields: readonly string[] }

/** SQL for the number that stands for the ledger with the id `?` in this file; NULL where nothing of it is stored. */
export const ledgerNumber = '(SELECT number FROM ledger_numbers WHERE ledger_id = ?)'

/** The table of a build's documents, of the first where none is named. Its name needs quotes in SQL. */
export function tableOf({
  name,
  version,
  build = 1,
}: Pick<ModelBuild, 'name' | 'version' | 'build'>): string {
  if (!/^[a-z_-]+$/.test(name)) throw new Error(`${name} is no name for a read model`)
  if (!Number.isSafeInteger(version) || version < 0)
    throw new Error(`${version} is no version of a read model`)
  if (!Number.isSafeInteger(build) || build < 1) throw new Error(`${build} is no build of ${name}`)
  return build === 1 ? `${name}_v${version}` : `${name}_v${version}_b${build}`
}

/** The column of a declared field; its prefix keeps it apart from the document's own columns. */
export function columnOf(model: ReadModelShape, field: string): string {
  if (!Object.hasOwn(model.fields, field))
    throw new Error(`${model.name} v${model.version} declares no field ${field}`)
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(field)) throw new Error(`${field} is no name for a field`)
  return `f_${field}`
}

/** The column that holds a document's id. */
export function idColumn(model: ReadModelShape): string {
  return model.id === undefined ? 'id' : columnOf(model, model.id)
}

/** The columns of an order that begins with these fields and tells any two documents of a ledger apart. */
export function orderedColumns(model: ReadModelShape, fields: readonly string[]): string[] {
  const columns = fields.map((field) => columnOf(model, field))
  const id = idColumn(model)
  return columns.includes(id) ? columns : [...columns, id]
}

/** Computes what follows from a model's shape once for each of them. */
export function ofEachModel<Model extends ReadModelShape, Result>(
  compute: (model: Model) => Result,
): (model: Model) => Result {
  const known = new WeakMap<Model, { readonly result: Result }>()
  return (model) => {
    const before = known.get(model)
    if (before !== undefined) return before.result
    const result = compute(model)
    known.set(model, { result })
    return result
  }
}

/** The indexes by which one ledger's documents are found; the first is the one of the ids. */
export const ledgerIndexes = ofEachModel((model: ReadModelShape): readonly CollectionIndex[] => {
  const byId = model.id === undefined ? [] : [model.id]
  const others = model.indexes.filter((fields) => fields.join() !== byId.join())
  return [byId, ...others].map((fields) => ({
    name: nameOf(model, columnsInLedger(model, fields)),
    fields,
  }))
})

/**
 * The ledger comes first, but after a selective field: what is written to a hundred ledgers at a time then shares pages
 * where such values come in order, and is found just as well.
 */
function columnsInLedger(model: ReadModelShape, fields: readonly string[]): readonly string[] {
  const [first = '', ...rest] = orderedColumns(model, fields)
  return isSelective(model, fields) ? [first, 'ledger', ...rest] : ['ledger', first, ...rest]
}

/** Whether a find through an index by these fields has to say the value of the first. */
export function isSelective(
  { selective = [] }: ReadModelShape,
  fields: readonly string[],
): boolean {
  return selective.some((field) => field === fields[0])
}

/** The indexes over all ledgers; ids repeat there, so they end with the ledger. */
export const acrossIndexes = ofEachModel((model: ReadModelShape): readonly CollectionIndex[] => {
  const declared = model.acrossLedgers ?? []
  return declared.map((fields) => ({
    name: nameOf(model, [...orderedColumns(model, fields), 'ledger']),
    fields,
  }))
})

function nameOf(model: ReadModelShape, columns: readonly string[]): string {
  return `${tableOf(model)}_by_${columns.map((column) => column.replace(/^f_/, '')).join('_')}`
}

/** The statements that make a collection where it is not there yet: what is needed to store documents, and to find them. */
export type CollectionSchema = {
  readonly toStore: readonly string[]
  /** Each may take as long as sorting all documents does. */
  readonly toFind: readonly string[]
}

export function collectionSchema(model: ReadModelShape): CollectionSchema {
  const table = tableOf(model)
  const [byId, ...byFields] = ledgerIndexes(model).map(({ name, fields }) => {
    const columns = columnsInLedger(model, fields)
    return `INDEX IF NOT EXISTS "${name}" ON "${table}" (${columns.join(', ')})${held(model, fields)}`
  })
  const across = acrossIndexes(model).map(({ name, fields }) => {
    const columns = [...orderedColumns(model, fields), 'ledger']
    return `INDEX IF NOT EXISTS "${name}" ON "${table}" (${columns.join(', ')})${held(model, fields)}`
  })
  const columns = columnTypes(model).map(([name, type]) => `${name} ${type}`)
  return {
    toStore: [
      `CREATE TABLE IF NOT EXISTS "${table}" (${columns.join(', ')}) STRICT`,
      `CREATE UNIQUE ${byId}`,
    ],
    toFind: [...byFields, ...across].map((index) => `CREATE ${index}`),
  }
}

/** An index by a sparse field holds only the documents that have it. */
function held(model: ReadModelShape, [first]: readonly string[]): string {
  const isSparse = first !== undefined && model.sparse?.includes(first) === true
  return isSparse ? ` WHERE ${columnOf(model, first)} IS NOT NULL` : ''
}

/** Every column and its declaration, in order. A field is NULL where the document lacks the member. */
export function columnTypes(model: ReadModelShape): readonly (readonly [string, string])[] {
  return [
    ['ledger', 'INTEGER NOT NULL'],
    ...(model.id === undefined ? [['id', 'TEXT NOT NULL'] as const] : []),
    ['revision', 'INTEGER NOT NULL'],
    ...Object.entries(model.fields).map(
      ([field, type]) => [columnOf(model, field), type === 'text' ? 'TEXT' : 'INTEGER'] as const,
    ),
    ['document', 'TEXT NOT NULL'],
    ['checksum', 'INTEGER NOT NULL'],
  ]
}
