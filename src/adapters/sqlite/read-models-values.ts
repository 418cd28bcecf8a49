import type { Document, ReadModelShape } from '#ports/read-models.ts'
import { isJsonObject } from '#values/json.ts'

/** What a field's column holds: text compared by code points, or an integer. */
export type Value = string | bigint

const int64Max = 2n ** 63n - 1n

/** A value to compare a declared field with. @throws on a field that is not declared and on what is no 64-bit integer. */
export function valueOf(model: ReadModelShape, field: string, text: string): Value {
  const type = Object.hasOwn(model.fields, field) ? model.fields[field] : undefined
  if (type === undefined)
    throw new Error(`${model.name} v${model.version} declares no field ${field}`)
  return type === 'text' ? text : integerOf(field, text)
}

/** A document's values, ready to bind, in the order of the declared fields; null where it lacks the member. */
export function fieldValues(model: ReadModelShape, document: Document): (Value | number | null)[] {
  return Object.entries(model.fields).map(([field, type]) => {
    const member = document[field]
    if (member === undefined || member === null) return null
    if (typeof member !== 'string')
      throw new TypeError(`${field} of a document of ${model.name} is not a string`)
    return type === 'text' ? member : integerToBind(field, member)
  })
}

/** Whether a row has just these values of the declared fields; what `fieldValues` refuses has none. */
export function areFieldsOf(
  model: ReadModelShape,
  document: Document,
  values: readonly unknown[],
): boolean {
  if (!isJsonObject(document)) return false
  return Object.entries(model.fields).every(([field, type], index) => {
    const member = document[field] ?? null
    const value = values[index]
    if (typeof member !== 'string') return member === null && value === null
    if (type === 'text') return value === member.toWellFormed()
    return integerPattern.test(member) && value === BigInt(member)
  })
}

/** The order of the columns: integers by size, text by code points (that of its UTF-8 bytes, not of UTF-16). */
export function compareValues(left: Value, right: Value): number {
  if (typeof left === 'string' && typeof right === 'string')
    return Buffer.compare(Buffer.from(left), Buffer.from(right))
  if (left === right) return 0
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

const codePointMax = 0x10_ffff
const surrogatesFrom = 0xd800
const surrogatesTo = 0xdfff

/** Measured: a bigint costs several times what a number does, and most integers fit one exactly. */
export function bindable(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function integerToBind(field: string, text: string): number | bigint {
  return text.length <= exactDigitsMax && plainDigits.test(text)
    ? Number(text)
    : integerOf(field, text)
}

const exactDigitsMax = 15
const plainDigits = /^[0-9]+$/
const integerPattern = /^-?[0-9]{1,19}$/

function integerOf(field: string, text: string): bigint {
  if (!integerPattern.test(text)) throw new RangeError(`${field} is an integer, not ${text}`)
  const value = BigInt(text)
  if (value > int64Max || value < -int64Max - 1n)
    throw new RangeError(`${field} is a 64-bit integer, not ${text}`)
  return value
}
