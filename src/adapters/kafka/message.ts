import { crc32 } from 'node:zlib'
import type { IHeaders, KafkaMessage, Message } from 'kafkajs'
import { ledgerOfStream, ledgerStream } from '#events/stream-names.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { isLedgerId } from '#values/ids.ts'

/** As many bytes a record may have beside its value, at most: key, headers, framing. */
export const messageOverheadBytes = 512

/**
 * An event as a record: the ledger's id is the key, the stored bytes are the value, and the headers tell its address
 * and what a consumer may want without parsing. `crc32` covers address and value: kafkajs checks no checksum of the
 * broker's, and a bit that flipped on a broker's disk must not become a balance.
 */
export function messageOf(event: StoredEvent, partition: number): Message {
  const { type, revision, position, json } = event
  const key = ledgerOfStream(event.stream)
  if (key === undefined) throw new Error(`the stream ${event.stream} holds no ledger`)
  const headers = {
    type,
    revision: revision.toString(),
    position: position.toString(),
    crc32: checksum(key, event),
    ...envelopeHeaders(json),
  }
  return { key, value: json, partition, headers }
}

/** The event that a record holds; undefined where it is none of ours, or damaged. */
export function eventOf({
  key,
  value,
  headers = {},
}: Pick<KafkaMessage, 'key' | 'value' | 'headers'>): StoredEvent | undefined {
  const ledgerId = key?.toString()
  const type = text(headers, 'type')
  const revision = whole(text(headers, 'revision'))
  const position = whole(text(headers, 'position'))
  if (!isLedgerId(ledgerId) || value === null || type === undefined) return undefined
  if (revision === undefined || position === undefined) return undefined
  const event = { stream: ledgerStream(ledgerId), revision, position, type, json: value.toString() }
  return checksum(ledgerId, event) === text(headers, 'crc32') ? event : undefined
}

function checksum(ledgerId: string, { revision, position, type, json }: StoredEvent): string {
  const address = `${ledgerId} ${revision} ${position} ${type} `
  return crc32(json, crc32(address)).toString(16).padStart(8, '0')
}

/**
 * What the envelope says, where it is one. Looked up rather than parsed, which would cost a tenth of publishing: members
 * stand in canonical order, so these are the first before the data or the last behind it, and in no string unescaped.
 */
function envelopeHeaders(json: string): IHeaders {
  const found = [
    ['event-id', textOf(json, 'id', json.lastIndexOf('"id":"'))],
    ['schema-version', /"schemaVersion":(\d+)/.exec(json.slice(-envelopeEndMax))?.[1]],
    ['correlation-id', textOf(json, 'correlationId', json.indexOf('"correlationId":"'))],
  ] as const
  return Object.fromEntries(found.filter(([, value]) => value !== undefined))
}

/** Characters from the version on: type, writer, and the end. */
const envelopeEndMax = 300

/** The text of a member that begins `at`; what is escaped is parsed after all. */
function textOf(json: string, name: string, at: number): string | undefined {
  if (at === -1) return undefined
  const from = at + name.length + '"":"'.length
  const found = json.slice(from, json.indexOf('"', from))
  return found.includes('\\') ? parsedText(json, name) : found
}

function parsedText(json: string, name: string): string | undefined {
  try {
    const envelope: unknown = JSON.parse(json)
    const value: unknown = typeof envelope === 'object' && envelope && Reflect.get(envelope, name)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

function text(headers: IHeaders, name: string): string | undefined {
  const value = headers[name]
  return Buffer.isBuffer(value) || typeof value === 'string' ? value.toString() : undefined
}

/** A decimal number of at most 19 digits, as a position of any store has. */
function whole(digits: string | undefined): bigint | undefined {
  return digits !== undefined && /^(0|[1-9]\d{0,18})$/.test(digits) ? BigInt(digits) : undefined
}
