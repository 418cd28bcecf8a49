import { Db, MongoBulkWriteError } from 'mongodb'

type Stored = Readonly<Record<string, unknown>> & { readonly _id: string }
type Filter = Readonly<Record<string, unknown>>
type Options = { readonly sort?: Readonly<Record<string, 1 | -1>>; readonly limit?: number }
type Write =
  | { readonly insertOne: { readonly document: Stored } }
  | { readonly replaceOne: { readonly filter: Filter; readonly replacement: Stored } }

/** Awaited before every single effect and every document read: whoever schedules it may put anything in between. */
export type Step = (what: string) => Promise<void>

/**
 * MongoDB's collections in memory, as far as the adapter uses them and as loosely as MongoDB promises: a document is read
 * and written whole, a bulk is not, and a find passes through an index while documents move in it.
 */
export class FakeCollections {
  readonly #collections = new Map<string, Map<string, Stored>>()

  /** A client's view of them. */
  database(step: Step): Db {
    const collection = (name: string) => this.#client(name, step)
    return Object.create(Db.prototype, { collection: { value: collection } })
  }

  #client(name: string, step: Step) {
    const known = this.#collections.get(name) ?? new Map<string, Stored>()
    this.#collections.set(name, known)
    return {
      find: (filter: Filter, options: Options = {}) => ({
        toArray: () => scan(known, { filter, options, step: () => step(`find in ${name}`) }),
      }),
      async findOne(filter: Filter) {
        await step(`findOne in ${name}`)
        const found = [...known.values()].find((document) => matches(document, filter))
        return structuredClone(found) ?? null
      },
      bulkWrite: (writes: readonly Write[]) =>
        bulkWrite(known, writes, () => step(`write to ${name}`)),
    }
  }
}

type Scan = {
  readonly filter: Filter
  readonly options: Options
  readonly step: () => Promise<void>
}

/** Always goes on with the next document in the order after the last one taken, as they are by then. */
async function scan(
  documents: ReadonlyMap<string, Stored>,
  { filter, options: { sort = { _id: 1 }, limit = Number.POSITIVE_INFINITY }, step }: Scan,
): Promise<Stored[]> {
  const found: Stored[] = []
  while (found.length < limit) {
    await step()
    const last = found.at(-1)
    const [next] = [...documents.values()]
      .filter(
        (each) => matches(each, filter) && (last === undefined || order(each, last, sort) > 0),
      )
      .toSorted((a, b) => order(a, b, sort))
    if (next === undefined) break
    found.push(structuredClone(next))
  }
  return found
}

async function bulkWrite(
  documents: Map<string, Stored>,
  writes: readonly Write[],
  step: () => Promise<void>,
): Promise<{ readonly matchedCount: number }> {
  let matchedCount = 0
  const writeErrors: { code: number }[] = []
  for (const write of writes) {
    await step()
    if ('insertOne' in write) {
      const { document } = write.insertOne
      if (documents.has(document._id)) writeErrors.push({ code: 11_000 })
      else documents.set(document._id, structuredClone(document))
      continue
    }
    const { filter, replacement } = write.replaceOne
    const replaced = [...documents.values()].find((document) => matches(document, filter))
    if (replaced === undefined) continue
    matchedCount += 1
    documents.set(replaced._id, structuredClone(replacement))
  }
  if (writeErrors.length > 0) throw duplicates(writeErrors)
  return { matchedCount }
}

function duplicates(writeErrors: readonly { code: number }[]): MongoBulkWriteError {
  const result = Object.create(null, { getWriteConcernError: { value: () => undefined } })
  const error = new MongoBulkWriteError({ message: 'E11000', code: 11_000 }, result)
  return Object.assign(error, { writeErrors })
}

function matches(document: object, filter: Filter): boolean {
  return Object.entries(filter).every(([name, operand]) => {
    const among = Array.isArray(operand) ? operand : []
    if (name === '$and') return among.every((each) => matches(document, each))
    if (name === '$or') return among.some((each) => matches(document, each))
    const value = valueAt(document, name)
    return Object.entries(Object(operand)).every(([operator, given]) =>
      compares(value, operator, given),
    )
  })
}

function compares(value: unknown, operator: string, operand: unknown): boolean {
  if (operator === '$eq') return value === operand
  if (operator === '$ne') return (value ?? null) !== operand
  if (operator === '$in') return Array.isArray(operand) && operand.includes(value)
  if (typeof value !== typeof operand || value === null) return false
  return within(compare(value, operand), operator)
}

function within(compared: number, operator: string): boolean {
  if (operator === '$gt') return compared > 0
  if (operator === '$gte') return compared >= 0
  if (operator === '$lt') return compared < 0
  if (operator === '$lte') return compared <= 0
  throw new Error(`these collections know no ${operator}`)
}

function valueAt(document: object, path: string): unknown {
  return path.split('.').reduce((at: unknown, name) => Reflect.get(Object(at), name), document)
}

function order(left: Stored, right: Stored, sort: NonNullable<Options['sort']>): number {
  for (const [path, direction] of Object.entries(sort)) {
    const compared = compare(valueAt(left, path), valueAt(right, path))
    if (compared !== 0) return compared * direction
  }
  return 0
}

/** Of one type, in a test's ASCII; what is absent comes first. */
function compare(left: unknown, right: unknown): number {
  if (left === right) return 0
  if (left === undefined || right === undefined) return left === undefined ? -1 : 1
  return less(left, right) ? -1 : 1
}

function less(left: unknown, right: unknown): boolean {
  if (typeof left === 'bigint' && typeof right === 'bigint') return left < right
  if (typeof left === 'string' && typeof right === 'string') return left < right
  throw new TypeError('these collections compare texts and integers')
}
