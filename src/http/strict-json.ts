import { isUtf8 } from 'node:buffer'
import { pointerTo } from '#commands/parse-command.ts'
import { isRefusedName, type Json } from '#values/json.ts'

/** Containers within containers: a body may be this deep and no deeper. */
export const depthMax = 16

/** What a body came to. `hasNumbers` says whether any number token stands in it. */
export type StrictJson =
  | { readonly kind: 'parsed'; readonly value: Json; readonly hasNumbers: boolean }
  | MalformedJson

/** `pointer` (RFC 6901) and `offset` (UTF-16 units from the start) say where, as far as that is known. */
export type MalformedJson = {
  readonly kind: 'malformed'
  readonly detail: string
  readonly pointer?: string
  readonly offset?: number
}

/**
 * Reads raw bytes as JSON and refuses what `JSON.parse` alone would let pass: invalid UTF-8, a byte order mark,
 * duplicate names, names that reach for prototypes, and depth beyond `depthMax`. Everything else is as `JSON.parse` has it.
 */
export function parseStrictJson(bytes: Buffer): StrictJson {
  if (bytes.length === 0) return malformed('the body is empty')
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return malformed('the body begins with a byte order mark', { offset: 0 })
  if (!isUtf8(bytes)) return malformed('the body is not valid UTF-8')
  const text = bytes.toString('utf8')
  const scan = new Scan(text)
  const fault = scan.run()
  if (fault !== undefined) return fault
  try {
    const value: Json = JSON.parse(text)
    return { kind: 'parsed', value, hasNumbers: scan.hasNumbers }
  } catch (error) {
    return malformed('the body is not JSON', offsetIn(error))
  }
}

const quote = 0x22
const comma = 0x2c
const backslash = 0x5c
const openingBracket = 0x5b
const closingBracket = 0x5d
const openingBrace = 0x7b
const closingBrace = 0x7d
const zero = 0x30
const nine = 0x39

/** Beyond this many names in one object a set is faster than looking through the list. */
const listedNamesMax = 16

/** One container that is open: an array with the index it is at, or an object with the names it has had. */
type Frame = { index: number; readonly names: string[] | undefined; known: Set<string> | undefined }

/** One pass over the text. It need not understand what is not JSON: `JSON.parse` has the last word. */
class Scan {
  hasNumbers = false
  readonly #text: string
  readonly #frames: Frame[] = []
  #frame: Frame | undefined
  #nameNext = false
  #fault: MalformedJson | undefined

  constructor(text: string) {
    this.#text = text
  }

  run(): MalformedJson | undefined {
    const text = this.#text
    for (let at = 0; at < text.length && this.#fault === undefined; at += 1) {
      const unit = text.charCodeAt(at)
      switch (unit) {
        case quote:
          at = this.#string(at)
          break
        case comma:
          this.#comma()
          break
        case openingBrace:
        case openingBracket:
          this.#open(unit, at)
          break
        case closingBrace:
        case closingBracket:
          this.#close()
          break
        default:
          if (unit >= zero && unit <= nine) this.hasNumbers = true
      }
    }
    return this.#fault
  }

  /** Passes over a string; gives where it ends. */
  #string(start: number): number {
    const end = closingQuote(this.#text, start + 1)
    if (this.#nameNext) this.#name(start, end)
    return end
  }

  #open(unit: number, at: number): void {
    if (this.#frames.length === depthMax) this.#refuse(`nested deeper than ${depthMax}`, at)
    const isObject = unit === openingBrace
    this.#frame = { index: 0, names: isObject ? [] : undefined, known: undefined }
    this.#frames.push(this.#frame)
    this.#nameNext = isObject
  }

  #close(): void {
    this.#frames.pop()
    this.#frame = this.#frames.at(-1)
    this.#nameNext = false
  }

  #comma(): void {
    if (this.#frame === undefined) return
    if (this.#frame.names === undefined) this.#frame.index += 1
    else this.#nameNext = true
  }

  #name(start: number, end: number): void {
    this.#nameNext = false
    const name = unescaped(this.#text.slice(start + 1, end))
    const frame = this.#frame
    if (name === undefined || frame?.names === undefined) return
    const known = hasName(frame, frame.names, name)
    frame.names.push(name)
    if (known) this.#refuse('a name stands twice in one object', start)
    if (isRefusedName(name)) this.#refuse('a name that is refused', start)
  }

  #refuse(detail: string, offset: number): void {
    this.#fault = malformed(detail, { pointer: this.#pointer(), offset })
  }

  #pointer(): string {
    return pointerTo(
      this.#frames.map(({ names, index }) =>
        names === undefined ? String(index) : (names.at(-1) ?? ''),
      ),
    )
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit === quote) return at
    if (unit === backslash) at += 1
  }
  return text.length
}

function hasName(frame: Frame, names: readonly string[], name: string): boolean {
  if (names.length < listedNamesMax) return names.includes(name)
  frame.known ??= new Set(names)
  if (frame.known.has(name)) return true
  frame.known.add(name)
  return false
}

/** The name that is meant; undefined where the escapes make no JSON string. */
function unescaped(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw
  try {
    return String(JSON.parse(`"${raw}"`))
  } catch {
    return undefined
  }
}

/** V8 says where it stopped reading, except at the end of the text. */
function offsetIn(error: unknown): { offset?: number } {
  const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')
  return position === null ? {} : { offset: Number(position[1]) }
}

function malformed(
  detail: string,
  where: { pointer?: string; offset?: number } = {},
): MalformedJson {
  const at = where.offset === undefined ? '' : `, at character ${where.offset}`
  return { kind: 'malformed', detail: `${detail}${at}`, ...where }
}
