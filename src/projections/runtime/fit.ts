import type { Projection } from '#projections/projection.ts'
import { isJsonObject, type Json } from '#values/json.ts'

/** Documents are far shallower; one that holds itself is deeper than any number. */
const depthMax = 100

const integerPattern = /^-?[0-9]{1,19}$/
const int64Max = 2n ** 63n - 1n

/**
 * Whether every store could keep what a fold made, and find it by what the projection declares. Dearer than to store it,
 * so it is asked only where one of a ledger's documents was refused, to see by which event it came to be so.
 * @throws {TypeError} saying why not.
 */
export function assertFit(
  projection: Pick<Projection, 'id' | 'fields'>,
  id: string,
  document: Json | undefined,
): void {
  if (!isJsonObject(document)) throw new TypeError('a document is no object')
  assertJson(document, 0)
  if (projection.id !== undefined && document[projection.id] !== id)
    throw new TypeError(`${projection.id} of the document ${id} is not its id`)
  for (const [field, type] of Object.entries(projection.fields)) {
    const member = document[field] ?? undefined
    if (member === undefined) continue
    if (typeof member !== 'string')
      throw new TypeError(`${field} of the document ${id} is not a string`)
    if (type === 'integer' && !isInt64(member))
      throw new TypeError(`${field} of the document ${id} is no 64-bit integer`)
  }
}

function assertJson(value: unknown, depth: number): void {
  if (depth > depthMax) throw new TypeError('a document is too deep')
  if (Array.isArray(value) || (typeof value === 'object' && value !== null))
    for (const member of Object.values(value)) assertJson(member, depth + 1)
  else if (typeof value === 'bigint') throw new TypeError('a document has a bigint in it')
}

function isInt64(text: string): boolean {
  if (!integerPattern.test(text)) return false
  const value = BigInt(text)
  return value <= int64Max && value >= -int64Max - 1n
}
