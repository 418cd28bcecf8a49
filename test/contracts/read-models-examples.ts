import type {
  Condition,
  Document,
  Find,
  ModelChange,
  ReadModels,
  ReadModelShape,
  ReadModelWriter,
  StoredDocument,
} from '#ports/read-models.ts'

/** An empty read-model store of its own. Whatever is opened on it shares it; disposing takes it away. */
export type ReadModelStore = AsyncDisposable & {
  openReadModels(): Promise<ReadModels>
  openWriter(): Promise<ReadModelWriter>
}

/** Tasks on a list: enough kinds of fields and indexes for every kind of find. */
export const tasks: ReadModelShape = {
  name: 'tasks',
  version: 1,
  fields: { owner: 'text', status: 'text', due: 'text', number: 'integer', label: 'text' },
  indexes: [
    ['number'],
    ['owner', 'number'],
    ['status', 'owner', 'number'],
    ['due', 'number'],
    ['owner', 'due', 'number'],
    ['label'],
    ['status', 'label'],
  ],
  acrossLedgers: [['label'], ['status', 'due']],
}

export const tags: ReadModelShape = { name: 'tags', version: 1, fields: {}, indexes: [] }

export const main = 'acme-main'
export const other = 'acme-other'

export function aTask(id: string, document: Document = {}, revision = 0n): StoredDocument {
  return { id, revision, document }
}

/** The first change of a model in a ledger: to revision 0. */
export function aChange(fields: Partial<ModelChange> = {}): ModelChange {
  return {
    model: tasks,
    ledgerId: main,
    expected: undefined,
    checkpoint: { revision: 0n, recordedAt: '2026-01-02T03:04:05.678Z' },
    documents: [],
    ...fields,
  }
}

export function at(revision: bigint): ModelChange['checkpoint'] {
  return { revision, recordedAt: '2026-01-02T03:04:05.678Z' }
}

/** A store with the query side, a prepared writer and, where there are any, documents of the main ledger. */
export async function filled<Store extends ReadModelStore>(
  makeStore: () => Promise<Store>,
  documents: readonly StoredDocument[] = [],
) {
  const store = await makeStore()
  const writer = await store.openWriter()
  const readModels = await store.openReadModels()
  for (const model of [tasks, tags]) await writer.prepare(model)
  if (documents.length > 0) await writer.commit([aChange({ documents })])
  return {
    store,
    writer,
    readModels,
    find: (find: Partial<Find>, ledgerId = main) => findIn(readModels, find, ledgerId),
    async [Symbol.asyncDispose]() {
      await readModels[Symbol.asyncDispose]()
      await writer[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

async function findIn(
  readModels: ReadModels,
  find: Partial<Find>,
  ledgerId: string,
): Promise<readonly StoredDocument[]> {
  await using view = await readModels.view(ledgerId)
  return view.find(tasks, { where: [], orderBy: [], limit: 1_000, ...find })
}

export const idsOf = (documents: readonly StoredDocument[]) => documents.map(({ id }) => id)

/** The ids a find comes to, by looking at every document: written for plainness, not after any store. */
export function expectedIds(documents: readonly StoredDocument[], find: Find): string[] {
  const matching = documents.filter(({ document }) =>
    find.where.every((condition) => holds(condition, document)),
  )
  const sorted = matching.toSorted((a, b) => {
    for (const field of find.orderBy) {
      const order = compare(field, memberOf(a, field), memberOf(b, field))
      if (order !== 0) return order
    }
    return compare('id', a.id, b.id)
  })
  return idsOf(find.descending === true ? sorted.toReversed() : sorted)
}

export function memberOf({ document }: StoredDocument, field: string): string {
  const value = document[field]
  return typeof value === 'string' ? value : ''
}

function holds(condition: Condition, document: Document): boolean {
  const value = document[condition.field]
  if (typeof value !== 'string') return false
  if ('is' in condition) return value === condition.is
  if ('oneOf' in condition) return condition.oneOf.includes(value)
  if ('prefix' in condition) return value.startsWith(condition.prefix)
  const { field, from, before, upTo } = condition
  return (
    (from === undefined || compare(field, value, from) >= 0) &&
    (before === undefined || compare(field, value, before) < 0) &&
    (upTo === undefined || compare(field, value, upTo) <= 0)
  )
}

function compare(field: string, a: string, b: string): number {
  if (a === b) return 0
  if (tasks.fields[field] === 'integer') return BigInt(a) < BigInt(b) ? -1 : 1
  const [left, right] = [a, b].map((text) => Array.from(text, (point) => point.codePointAt(0) ?? 0))
  for (const [index, point] of (left ?? []).entries()) {
    const order = point - (right?.[index] ?? -1)
    if (order !== 0) return order
  }
  return -1
}
