import type { Row } from '#cli/import/row.ts'
import type { StrictJsonParser } from '#cli/subcommand.ts'

/** A row is as long as a request's body may be. */
const lineBytesMax = 256 * 1024
const newline = 0x0a

type Line = { readonly number: number; readonly bytes: Buffer | undefined }

/** Newline-delimited JSON, by the API's strict rules; empty lines are passed over. */
export async function* ndjsonRows(
  chunks: AsyncIterable<Buffer>,
  parseStrictJson: StrictJsonParser,
): AsyncGenerator<Row> {
  for await (const { number: line, bytes } of linesOf(chunks)) {
    if (bytes === undefined) yield { line, malformed: 'the line is longer than 256 KiB' }
    else if (bytes.length > 0 && !isBlank(bytes)) yield rowOf(line, parseStrictJson(bytes))
  }
}

function rowOf(line: number, parsed: ReturnType<StrictJsonParser>): Row {
  return parsed.kind === 'parsed'
    ? { line, item: parsed.value }
    : { line, malformed: parsed.detail.replace(/^the body\b/, 'the line') }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x0d || byte === 0x20 || byte === 0x09)
}

/** The lines of a file; a line that is too long comes without its bytes. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 1
  let begun = Buffer.alloc(0)
  let tooLong = false
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      const bytes = joined(begun, chunk.subarray(from, end))
      yield { number, bytes: tooLong || bytes.length > lineBytesMax ? undefined : bytes }
      number += 1
      begun = Buffer.alloc(0)
      tooLong = false
      from = end + 1
    }
    begun = joined(begun, chunk.subarray(from))
    tooLong ||= begun.length > lineBytesMax
    if (tooLong) begun = Buffer.alloc(0)
  }
  yield { number, bytes: tooLong ? undefined : begun }
}

function joined(begun: Buffer<ArrayBuffer>, more: Buffer): Buffer<ArrayBuffer> {
  return begun.length === 0 ? Buffer.from(more) : Buffer.concat([begun, more])
}
