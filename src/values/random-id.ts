/**
 * The 128 bits of a random UUID in 22 characters (base64url) instead of 36: such ids stand in every event, three times,
 * and an append has a size.
 */
export function randomId(uuid: string): string {
  const hex = uuid.replaceAll('-', '')
  let text = ''
  for (let at = 0; at < hex.length; at += 3) text += twoDigits(hex.slice(at, at + 3))
  return text
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Twelve bits are three hexadecimal digits or two of base64; the last two digits alone leave four bits unused. */
function twoDigits(hex: string): string {
  const bits = Number.parseInt(hex.padEnd(3, '0'), 16)
  return `${alphabet.charAt(bits >> 6)}${alphabet.charAt(bits & 63)}`
}
