import { StringDecoder } from 'node:string_decoder'
import type { Row } from '#cli/import/row.ts'
import type { StrictJsonParser } from '#cli/subcommand.ts'

/** A row is as long as a request's body may be. */
const lineBytesMax = 256 * 1024
/** So much of a longer one is shown. */
const shownBytesMax = 1024
const newline = 0x0a

/** The bytes of a line that is too long are its first ones, one more than it may have. */
type Line = { readonly number: number; readonly bytes: Buffer }

/** Newline-delimited JSON, by the API's strict rules; empty lines are passed over. */
export async function* ndjsonRows(
  chunks: AsyncIterable<Buffer>,
  parseStrictJson: StrictJsonParser,
): AsyncGenerator<Row> {
  for await (const { number: line, bytes } of linesOf(chunks)) {
    if (bytes.length > lineBytesMax) yield tooLong(line, bytes)
    else if (!isBlank(bytes)) yield rowOf(line, bytes, parseStrictJson(bytes))
  }
}

function tooLong(line: number, bytes: Buffer): Row {
  const asRead = new StringDecoder('utf8').write(bytes.subarray(0, shownBytesMax))
  return { line, malformed: 'the line is longer than 256 KiB', asRead }
}

function rowOf(line: number, bytes: Buffer, parsed: ReturnType<StrictJsonParser>): Row {
  if (parsed.kind === 'malformed') {
    const malformed = parsed.detail.replace(/^the body\b/, 'the line')
    return { line, malformed, asRead: bytes.toString('utf8').replace(/\r$/, '') }
  }
  const { value: item, hasNumbers } = parsed
  // A carriage return in JSON is white space, but to some readers of lines the end of one.
  return hasNumbers
    ? { line, item, text: bytes.toString('utf8').replaceAll('\r', ' ') }
    : { line, item }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x0d || byte === 0x20 || byte === 0x09)
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 1
  let begun = Buffer.alloc(0)
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      yield { number, bytes: joined(begun, chunk.subarray(from, end)) }
      number += 1
      begun = Buffer.alloc(0)
      from = end + 1
    }
    begun = joined(begun, chunk.subarray(from))
  }
  yield { number, bytes: begun }
}

function joined(begun: Buffer<ArrayBuffer>, more: Buffer): Buffer<ArrayBuffer> {
  const rest = more.subarray(0, lineBytesMax + 1 - begun.length)
  return begun.length === 0 ? Buffer.from(rest) : Buffer.concat([begun, rest])
}
