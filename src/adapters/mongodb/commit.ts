import { type AnyBulkWriteOperation, BSON, type Collection, type Db } from 'mongodb'
import { builtModel, isWritable, readRegistry } from '#adapters/mongodb/builds.ts'
import { areExpected, type BuildChange, moveCheckpoints } from '#adapters/mongodb/checkpoints.ts'
import { collectionOf } from '#adapters/mongodb/collections.ts'
import { documentsOfModel, rowsByKey } from '#adapters/mongodb/documents.ts'
import { isDuplicate, isOfSize } from '#adapters/mongodb/errors.ts'
import { type Content, documentKey, type Row, storedObject } from '#adapters/mongodb/rows.ts'
import { fieldsOf, int64 } from '#adapters/mongodb/values.ts'
import type { BuiltModel, ModelChange, ReadModelShape, StoredDocument } from '#ports/read-models.ts'
import { DocumentTooLarge, DocumentUnfit } from '#ports/refused-documents.ts'
import type { LedgerId } from '#values/ids.ts'
import { isJsonObject } from '#values/json.ts'

/** The documents of one collection, one write each, whatever number of ledgers they are of. */
type Writes = { readonly model: BuiltModel; readonly documents: ReadonlyMap<string, Write> }

/** `began` is the checkpoint that the fold began from; -1 where there was none. */
type Write = {
  readonly ledgerId: LedgerId
  readonly began: bigint
  readonly stored: StoredDocument
}

/**
 * Documents first, then the checkpoints that show them. Until these move, a view finds in each document what it was at
 * the checkpoint. False where another projector was first or is at it.
 */
export async function commitChanges(
  database: Db,
  changes: readonly ModelChange[],
): Promise<boolean> {
  if (changes.length === 0) return true
  const built = await builtChanges(database, changes)
  if (built === undefined) return false
  const writes = writesOf(built)
  if (!(await areExpected(database, built))) return false
  const written = await Promise.all(writes.map((each) => writeDocuments(database, each)))
  if (!written.every((all) => all) || !(await moveCheckpoints(database, built))) return false
  // A build that was retired meanwhile has got what nobody will read: it has to go to the one that serves.
  const registry = await readRegistry(database)
  return built.every(({ model }) => isWritable(registry, model))
}

/** The changes of the builds that are meant; undefined where one of these is not to be had. */
async function builtChanges(
  database: Db,
  changes: readonly ModelChange[],
): Promise<readonly BuildChange[] | undefined> {
  const isNamed = changes.every(({ model }) => model.build !== undefined)
  const registry = isNamed ? new Map() : await readRegistry(database)
  const built = changes.flatMap((change) => {
    const model = builtModel(registry, change.model)
    return model === undefined ? [] : [{ ...change, model }]
  })
  return built.length === changes.length ? built : undefined
}

/** An unordered bulk may run two writes of one document in any order: only the last of each is kept. */
function writesOf(changes: readonly BuildChange[]): Writes[] {
  const targets = new Set<string>()
  const collections = new Map<string, { model: BuiltModel; documents: Map<string, Write> }>()
  for (const { model, ledgerId, expected = -1n, documents } of changes) {
    const name = collectionOf(model)
    const target = `${name} ${ledgerId}`
    if (targets.has(target)) throw new Error(`two changes move the checkpoint of ${target}`)
    targets.add(target)
    const known = collections.get(name) ?? { model, documents: new Map<string, Write>() }
    collections.set(name, known)
    for (const stored of documents) {
      const key = documentKey(ledgerId, stored.id)
      const other = known.documents.get(key)
      if (other !== undefined && other.stored.revision >= stored.revision) continue
      known.documents.set(key, { ledgerId, began: expected, stored })
    }
  }
  return [...collections.values()]
}

/** False where another projector wrote one of them meanwhile. */
async function writeDocuments(database: Db, { model, documents }: Writes): Promise<boolean> {
  if (documents.size === 0) return true
  const collection = documentsOfModel(database, model)
  if (model.appendOnly === true)
    return insertOnce(
      collection,
      [...documents.values()].map((write) => rowOf(model, write)),
    )
  const [closed, others] = partedByClosed(documents)
  if (closed.length > 0)
    await insertOnce(
      collection,
      closed.map((write) => closedRow(model, write)),
    )
  const present = await rowsByKey(collection, [...others.keys()])
  const operations = [...others].flatMap(([key, write]) =>
    operationFor(model, write, present.get(key)),
  )
  if (operations.length === 0) return true
  const replaced = operations.filter((operation) => 'replaceOne' in operation).length
  try {
    const { matchedCount } = await collection.bulkWrite(operations, { ordered: false })
    return matchedCount === replaced
  } catch (error) {
    if (isDuplicate(error)) return false
    throw (isOfSize(error) && tooLargeAmong(model, operations)) || error
  }
}

const documentBytesMax = 16 * 1024 * 1024

/** The first that MongoDB does not take, what it was before included. */
function tooLargeAmong(
  model: ReadModelShape,
  operations: readonly AnyBulkWriteOperation<Row>[],
): DocumentTooLarge | undefined {
  for (const operation of operations) {
    const row = rowIn(operation)
    if (row !== undefined && BSON.calculateObjectSize(row) > documentBytesMax)
      return new DocumentTooLarge(model, row.ledgerId, row.id)
  }
  return undefined
}

function rowIn(operation: AnyBulkWriteOperation<Row>) {
  if ('insertOne' in operation) return operation.insertOne.document
  return 'replaceOne' in operation ? operation.replaceOne.replacement : undefined
}

function partedByClosed(documents: Writes['documents']): [readonly Write[], Writes['documents']] {
  const isClosed = ({ stored }: Write) => stored.closed === true
  const others = [...documents].filter(([, write]) => !isClosed(write))
  return [[...documents.values()].filter(isClosed), new Map(others)]
}

/** A document that is there already is this one: an earlier attempt wrote it. */
async function insertOnce(collection: Collection<Row>, rows: readonly Row[]): Promise<boolean> {
  const operations = rows.map((document) => ({ insertOne: { document } }))
  try {
    await collection.bulkWrite(operations, { ordered: false })
  } catch (error) {
    if (!isDuplicate(error)) throw error
  }
  return true
}

/**
 * The guarded write of a document: none where what is stored contains it. What is stored beyond `began` was left by
 * a commit that did not finish: what came before that stays the last that a checkpoint showed.
 */
function operationFor(
  model: ReadModelShape,
  write: Write,
  present: Row | undefined,
): AnyBulkWriteOperation<Row>[] {
  const row = rowOf(model, write)
  const { began } = write
  if (present === undefined)
    return [{ insertOne: { document: { ...row, before: null, asOf: began } } }]
  if (present.revision >= row.revision) return []
  const shown =
    present.revision <= began ? { before: contentOf(present), asOf: began } : kept(present)
  const filter = { _id: { $eq: row._id }, revision: { $eq: present.revision } }
  return [{ replaceOne: { filter, replacement: { ...row, ...shown } } }]
}

/** It is there from its revision on, whatever the checkpoints were when it was written. */
function closedRow(model: ReadModelShape, write: Write): Row {
  return { ...rowOf(model, write), before: null, asOf: write.stored.revision - 1n }
}

function kept({ before = null, asOf = -1n }: Row): { before: Content | null; asOf: bigint } {
  return { before, asOf }
}

function contentOf({ revision, fields, document }: Row): Content {
  return { revision, fields, document }
}

/** @throws {DocumentUnfit} */
function rowOf(model: ReadModelShape, { ledgerId, stored }: Write): Row {
  const { id, document } = stored
  try {
    if (!isJsonObject(document)) throw new TypeError('it is no object')
    if (model.id !== undefined && document[model.id] !== id)
      throw new TypeError(`its ${model.id} is not its id`)
    return {
      _id: documentKey(ledgerId, id),
      ledgerId,
      id,
      revision: int64(`the revision of ${id}`, stored.revision),
      fields: fieldsOf(model, document),
      document: storedObject(document),
    }
  } catch (cause) {
    throw new DocumentUnfit(model, ledgerId, { id, cause })
  }
}
