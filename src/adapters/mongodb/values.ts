import type { Document, ReadModelShape } from '#ports/read-models.ts'

/** What a field holds: text compared by code points, or an integer. */
export type Value = string | bigint

const int64Max = 2n ** 63n - 1n

/** A value to compare a declared field with. @throws on a field that is not declared and on what is no 64-bit integer. */
export function valueOf(model: ReadModelShape, field: string, text: string): Value {
  const type = Object.hasOwn(model.fields, field) ? model.fields[field] : undefined
  if (type === undefined)
    throw new Error(`${model.name} v${model.version} declares no field ${field}`)
  return type === 'text' ? text : integerOf(field, text)
}

/** A document's declared fields; those that it lacks are left out. */
export function fieldsOf(model: ReadModelShape, document: Document): Record<string, Value> {
  const fields: Record<string, Value> = {}
  for (const [field, type] of Object.entries(model.fields)) {
    const member = document[field]
    if (member === undefined || member === null) continue
    if (typeof member !== 'string')
      throw new TypeError(`${field} of a document of ${model.name} is not a string`)
    fields[field] = type === 'text' ? member : integerOf(field, member)
  }
  return fields
}

/** Whether these are just the declared fields of the document; what `fieldsOf` refuses has none. */
export function areFieldsOf(
  model: ReadModelShape,
  document: Document,
  fields: Readonly<Record<string, unknown>>,
): boolean {
  const isDeclared = Object.keys(fields).every((field) => Object.hasOwn(model.fields, field))
  return (
    isDeclared &&
    Object.entries(model.fields).every(([field, type]) => {
      const member = document[field] ?? undefined
      if (typeof member !== 'string') return member === undefined && fields[field] === undefined
      if (type === 'text') return fields[field] === member.toWellFormed()
      return integerPattern.test(member) && fields[field] === BigInt(member)
    })
  )
}

/** MongoDB's order: what is absent first, integers by size, text by code points (its UTF-8 bytes, not UTF-16). */
export function compareValues(left: Value | undefined, right: Value | undefined): number {
  if (left === right) return 0
  if (left === undefined || right === undefined) return left === undefined ? -1 : 1
  if (typeof left === 'string' && typeof right === 'string')
    return Buffer.compare(Buffer.from(left), Buffer.from(right))
  return left < right ? -1 : 1
}

/** The first text after all that begin with `prefix`; undefined where none comes after them. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix.toWellFormed(), (character) => character.codePointAt(0) ?? 0)
  while (points.at(-1) === codePointMax) points.pop()
  const last = points.pop()
  if (last === undefined) return undefined
  const next = last + 1 === surrogatesFrom ? surrogatesTo + 1 : last + 1
  return String.fromCodePoint(...points, next)
}

const integerPattern = /^-?[0-9]{1,19}$/
const codePointMax = 0x10_ffff
const surrogatesFrom = 0xd800
const surrogatesTo = 0xdfff

/** The number as BSON can hold it: it would wrap one that is too large without a word. @throws {RangeError} */
export function int64(name: string, value: bigint): bigint {
  if (value > int64Max || value < -int64Max - 1n)
    throw new RangeError(`${name} is a 64-bit integer, not ${value}`)
  return value
}

function integerOf(field: string, text: string): bigint {
  if (!integerPattern.test(text)) throw new RangeError(`${field} is an integer, not ${text}`)
  return int64(field, BigInt(text))
}
