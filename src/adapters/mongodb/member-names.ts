/**
 * What MongoDB or its driver would not take as a member's name or would take for something else: paths and operators,
 * NUL, the driver's mark of its own types, and JavaScript's of a prototype. `%` is what they are escaped with.
 */
const unstorable = /[%$.\0]|^_(?=_proto__$|bsontype$)/g

const escaped = /%([0-9a-f]{2})/g

/** The name of a member as it is stored: readable but for what has to be escaped. */
export function storedName(name: string): string {
  return name.replace(unstorable, (character) => {
    const code = character.charCodeAt(0).toString(16)
    return `%${code.padStart(2, '0')}`
  })
}

/** The name that was stored as this. */
export function nameOf(stored: string): string {
  if (!stored.includes('%')) return stored
  return stored.replace(escaped, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}
