import type { Json, JsonObject } from '#values/json.ts'

const zero = 0x30
const nine = 0x39

/**
 * The canonical form of a JSON value (RFC 8785): names sorted by UTF-16 code unit, shortest numbers, no white space.
 * Members that are `undefined` are left out.
 * @throws {TypeError} for a number that is not finite and for a string with a lone surrogate.
 */
export function canonicalJson(value: Json): string {
  // Measured: one JSON.stringify costs half of what putting the text together by member does, a copy twice of a look.
  const ordered = isInOrder(value) ? value : inOrder(value)
  if (ordered === undefined) return byMember(value)
  const text = JSON.stringify(ordered)
  return mayHideSurrogate(text) ? byMember(value) : text
}

/** Whether `JSON.stringify` writes the canonical form of the value as it is. */
function isInOrder(value: Json | undefined): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  return isArray(value) ? value.every(isInOrder) : areMembersInOrder(value)
}

function areMembersInOrder(object: JsonObject): boolean {
  let last = ''
  for (const name in object) {
    if (name <= last || hasFixedPlace(name) || !isInOrder(object[name])) return false
    last = name
  }
  return true
}

/** The value itself, or a copy with its names sorted at every level; undefined where `JSON.stringify` can't write that form. */
function inOrder(value: Json): Json | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'object' || value === null) return value
  return isArray(value) ? itemsInOrder(value) : membersInOrder(value)
}

function itemsInOrder(items: readonly Json[]): Json | undefined {
  const copies: Json[] = []
  for (const item of items) {
    const copy = inOrder(item)
    if (copy === undefined) return undefined
    copies.push(copy)
  }
  return copies
}

function membersInOrder(object: JsonObject): Json | undefined {
  const copies: Record<string, Json> = {}
  for (const name of sortedNames(object)) {
    const value = object[name]
    if (value === undefined) continue
    const copy = hasFixedPlace(name) ? undefined : inOrder(value)
    if (copy === undefined) return undefined
    copies[name] = copy
  }
  return copies
}

/** Names that an object puts where it will: it begins with those that are indexes, and `__proto__` is none of its own. */
function hasFixedPlace(name: string): boolean {
  const first = name.charCodeAt(0)
  return (first >= zero && first <= nine) || name === '__proto__'
}

/** Lone surrogates are escaped, and nothing else begins so, but text that has a backslash itself. */
function mayHideSurrogate(text: string): boolean {
  return text.includes('\\ud')
}

function byMember(value: Json): string {
  if (typeof value === 'string') return canonicalString(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return canonicalNumber(value)
  return isArray(value) ? canonicalArray(value) : canonicalObject(value)
}

function isArray(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value)
}

function canonicalString(text: string): string {
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
    text += (index === 0 ? '' : ',') + byMember(items[index] ?? null)
  return `${text}]`
}

function canonicalObject(object: JsonObject): string {
  let text = ''
  for (const name of sortedNames(object)) {
    const value = object[name]
    if (value === undefined) continue
    text += `${text === '' ? '{' : ','}${canonicalString(name)}:${byMember(value)}`
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
