import type { ReadModelShape } from '#ports/read-models.ts'

/** One index of a collection. `name` is also what a query plan calls it. */
export type CollectionIndex = { readonly name: string; readonly fields: readonly string[] }

/** SQL for the number that stands for the ledger with the id `?` in this file; NULL where nothing of it is stored. */
export const ledgerNumber = '(SELECT number FROM ledger_numbers WHERE ledger_id = ?)'

/** The table of a read model's documents. Its name needs quotes in SQL. */
export function tableOf({ name, version }: ReadModelShape): string {
  if (!/^[a-z_-]+$/.test(name)) throw new Error(`${name} is no name for a read model`)
  if (!Number.isSafeInteger(version) || version < 0)
    throw new Error(`${version} is no version of a read model`)
  return `${name}_v${version}`
}

/** The column of a declared field; its prefix keeps it apart from the document's own columns. */
export function columnOf(model: ReadModelShape, field: string): string {
  if (!Object.hasOwn(model.fields, field))
    throw new Error(`${model.name} v${model.version} declares no field ${field}`)
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(field)) throw new Error(`${field} is no name for a field`)
  return `f_${field}`
}

/** The indexes that begin with the ledger; the first is the one of the ids. */
export function ledgerIndexes(model: ReadModelShape): readonly CollectionIndex[] {
  return [[], ...model.indexes].map((fields) => indexOf(model, fields, ['ledger', ...fields, 'id']))
}

/** The indexes over all ledgers; ids repeat there, so they end with the ledger. */
export function acrossIndexes(model: ReadModelShape): readonly CollectionIndex[] {
  const declared = model.acrossLedgers ?? []
  return declared.map((fields) => indexOf(model, fields, [...fields, 'id', 'ledger']))
}

function indexOf(
  model: ReadModelShape,
  fields: readonly string[],
  parts: readonly string[],
): CollectionIndex {
  return { name: `${tableOf(model)}_by_${parts.join('_')}`, fields }
}

/** The statements that make the collection and its indexes where they are not there yet. */
export function collectionSchema(model: ReadModelShape): readonly string[] {
  const table = tableOf(model)
  const [byId, ...byFields] = ledgerIndexes(model).map(({ name, fields }) => {
    const columns = ['ledger', ...fields.map((field) => columnOf(model, field)), 'id']
    return `INDEX IF NOT EXISTS "${name}" ON "${table}" (${columns.join(', ')})`
  })
  const across = acrossIndexes(model).map(({ name, fields }) => {
    const columns = [...fields.map((field) => columnOf(model, field)), 'id', 'ledger']
    return `INDEX IF NOT EXISTS "${name}" ON "${table}" (${columns.join(', ')})`
  })
  const columns = columnTypes(model).map(([name, type]) => `${name} ${type}`)
  return [
    `CREATE TABLE IF NOT EXISTS "${table}" (${columns.join(', ')}) STRICT`,
    `CREATE UNIQUE ${byId}`,
    ...[...byFields, ...across].map((index) => `CREATE ${index}`),
  ]
}

/** Every column and its declaration, in order. A field is NULL where the document lacks the member. */
export function columnTypes(model: ReadModelShape): readonly (readonly [string, string])[] {
  return [
    ['ledger', 'INTEGER NOT NULL'],
    ['id', 'TEXT NOT NULL'],
    ['revision', 'INTEGER NOT NULL'],
    ...Object.entries(model.fields).map(
      ([field, type]) => [columnOf(model, field), type === 'text' ? 'TEXT' : 'INTEGER'] as const,
    ),
    ['document', 'TEXT NOT NULL'],
  ]
}
