import type { IndexDescription } from 'mongodb'
import type { ModelBuild, ReadModelShape } from '#ports/read-models.ts'

/** One index of a collection. `name` is also what a query plan calls it. */
export type CollectionIndex = {
  readonly name: string
  readonly fields: readonly string[]
  /** The paths of its keys, in order. */
  readonly paths: readonly string[]
}

/** Where the order of ids comes from where nothing else is asked: `_id` is ledger, slash, id. */
const idIndex: CollectionIndex = { name: '_id_', fields: [], paths: ['_id'] }

/** The index of what a view's checkpoint has not reached yet. */
export const revisionIndex = { name: 'by_ledger_revision', key: { ledgerId: 1, revision: 1 } }

/** The collection of a build's documents, of the first where none is named. */
export function collectionOf({
  name,
  version,
  build = 1,
}: Pick<ModelBuild, 'name' | 'version' | 'build'>): string {
  if (!/^[a-z_-]+$/.test(name)) throw new Error(`${name} is no name for a read model`)
  if (!Number.isSafeInteger(version) || version < 0)
    throw new Error(`${version} is no version of a read model`)
  return build === 1 ? `${name}_v${version}` : `${name}_v${version}_b${build}`
}

/** The path of a declared field below `fields`. */
export function pathOf(model: ReadModelShape, field: string): string {
  if (!Object.hasOwn(model.fields, field))
    throw new Error(`${model.name} v${model.version} declares no field ${field}`)
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(field)) throw new Error(`${field} is no name for a field`)
  return `fields.${field}`
}

/** The indexes that begin with the ledger; the first is the one of the ids. */
export function ledgerIndexes(model: ReadModelShape): readonly CollectionIndex[] {
  const declared = model.indexes.map((fields) => ({
    name: `by_${['ledger', ...fields, 'id'].join('_')}`,
    fields,
    paths: ['ledgerId', ...fields.map((field) => pathOf(model, field)), 'id'],
  }))
  return [idIndex, ...declared]
}

/** The indexes over all ledgers; ids repeat there, so they end with the ledger. */
export function acrossIndexes(model: ReadModelShape): readonly CollectionIndex[] {
  return (model.acrossLedgers ?? []).map((fields) => ({
    name: `by_${[...fields, 'id', 'ledger'].join('_')}`,
    fields,
    paths: [...fields.map((field) => pathOf(model, field)), 'id', 'ledgerId'],
  }))
}

/** What has to be there before the first document is written. */
export function indexesToMake(model: ReadModelShape): IndexDescription[] {
  const declared = [...ledgerIndexes(model), ...acrossIndexes(model)]
    .filter((index) => index !== idIndex)
    .map(({ name, paths }) => ({
      name,
      key: Object.fromEntries(paths.map((path) => [path, 1 as const])),
    }))
  return model.appendOnly === true ? declared : [revisionIndex, ...declared]
}
