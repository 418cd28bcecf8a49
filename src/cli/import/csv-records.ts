import { TextDecoder } from 'node:util'
import { ToolFailed } from '#cli/subcommand.ts'

/** One record of a CSV file and the line on which it begins; `malformed` says why it breaks the quoting rules. */
export type CsvRecord = {
  readonly line: number
  readonly fields: readonly string[]
  readonly malformed?: string
}

const recordCharactersMax = 1024 * 1024

/**
 * Reads RFC 4180: commas, quotes doubled within quotes, newlines within quotes, CRLF or LF, a byte order mark at the
 * start. Empty lines are passed over.
 * @throws {ToolFailed} for what is not UTF-8, and for a record of more than 1 Mi characters.
 */
export async function* csvRecords(chunks: AsyncIterable<Buffer>): AsyncGenerator<CsvRecord> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const reader = new RecordReader()
  for await (const chunk of chunks) yield* reader.read(decoded(decoder, reader.line, chunk))
  yield* reader.read(decoded(decoder, reader.line))
  yield* reader.end()
}

function decoded(decoder: TextDecoder, line: number, chunk?: Buffer): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
  } catch {
    throw new ToolFailed(`the file is not valid UTF-8, soon after line ${line}.`)
  }
}

type State = 'field start' | 'plain' | 'quoted' | 'quote seen'

class RecordReader {
  line = 1
  #begin = 1
  #state: State = 'field start'
  #field = ''
  #fields: string[] = []
  #malformed: string | undefined
  #size = 0
  #ended: CsvRecord[] = []

  /** The records that end within this part of the text. */
  read(text: string): readonly CsvRecord[] {
    for (const character of text) {
      this.#size += 1
      if (this.#size > recordCharactersMax)
        throw new ToolFailed(`line ${this.#begin}: the record is too long; is a quote missing?`)
      if (this.#state === 'quoted') this.#quoted(character)
      else if (character === '\n') this.#endRecord()
      else this.#unquoted(character)
      if (character === '\n') this.line += 1
      if (this.#size === 0) this.#begin = this.line
    }
    return this.#ended.splice(0)
  }

  /** The last record, where no newline ends it. */
  end(): readonly CsvRecord[] {
    if (this.#state === 'quoted') this.#malformed = 'a quote is never closed'
    this.#endRecord()
    return this.#ended.splice(0)
  }

  #quoted(character: string): void {
    if (character === '"') this.#state = 'quote seen'
    else this.#field += character
  }

  #unquoted(character: string): void {
    if (character === ',') this.#endField()
    else if (character === '"') this.#quote()
    else if (character === '\r' && this.#state !== 'plain') this.#carriageReturn()
    else this.#character(character)
  }

  #quote(): void {
    if (this.#state === 'field start') this.#state = 'quoted'
    else if (this.#state === 'quote seen') {
      this.#field += '"'
      this.#state = 'quoted'
    } else this.#malformed = 'a quote stands within a field that does not begin with one'
  }

  /** Part of the line's end; `#endRecord` takes it off a plain field. */
  #carriageReturn(): void {
    if (this.#state === 'field start') this.#character('\r')
  }

  #character(character: string): void {
    if (this.#state === 'quote seen') this.#malformed = 'something follows a closing quote'
    else this.#state = 'plain'
    this.#field += character
  }

  #endField(): void {
    this.#fields.push(this.#field)
    this.#field = ''
    this.#state = 'field start'
  }

  #endRecord(): void {
    if (this.#state === 'plain' && this.#field.endsWith('\r'))
      this.#field = this.#field.slice(0, -1)
    const wasQuoted = this.#state === 'quote seen'
    this.#endField()
    const record = { line: this.#begin, fields: this.#fields }
    const isEmpty = !wasQuoted && record.fields.length === 1 && record.fields[0] === ''
    if (this.#malformed !== undefined) this.#ended.push({ ...record, malformed: this.#malformed })
    else if (!isEmpty) this.#ended.push(record)
    this.#fields = []
    this.#malformed = undefined
    this.#size = 0
  }
}
