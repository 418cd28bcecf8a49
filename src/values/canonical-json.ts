import type { Json, JsonObject } from '#values/json.ts'

// A string of these characters alone is its own JSON form (RFC 8785 §3.2.2.2).
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/**
 * The canonical form of a JSON value (RFC 8785): names sorted by UTF-16 code unit, shortest numbers, no white space.
 * Members that are `undefined` are left out.
 * @throws {TypeError} for a number that is not finite and for a string with a lone surrogate.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'string') return canonicalString(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return canonicalNumber(value)
  return isArray(value) ? canonicalArray(value) : canonicalObject(value)
}

function isArray(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value)
}

function canonicalString(text: string): string {
  if (plain.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new TypeError('a lone surrogate has no canonical form')
  return JSON.stringify(text)
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('only finite numbers have a canonical form')
  return JSON.stringify(value)
}

function canonicalArray(items: readonly Json[]): string {
  let text = '['
  for (let index = 0; index < items.length; index += 1)
    text += (index === 0 ? '' : ',') + canonicalJson(items[index] ?? null)
  return `${text}]`
}

function canonicalObject(object: JsonObject): string {
  let text = ''
  for (const name of sortedNames(object)) {
    const value = object[name]
    if (value === undefined) continue
    text += `${text === '' ? '{' : ','}${canonicalString(name)}:${canonicalJson(value)}`
  }
  return text === '' ? '{}' : `${text}}`
}

function sortedNames(object: JsonObject): readonly string[] {
  const names = Object.keys(object)
  for (let index = 1; index < names.length; index += 1)
    if ((names[index - 1] ?? '') > (names[index] ?? '')) return names.toSorted(byCodeUnit)
  return names
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : 1
}
