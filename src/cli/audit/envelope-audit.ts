import { createHash } from 'node:crypto'
import type { Note } from '#cli/audit/finding.ts'
import { JsonReader, Unreadable } from '#cli/audit/json-reader.ts'
import { catalogue } from '#events/decode.ts'
import { lift, UndecodableEvent } from '#events/lift.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { isJsonObject, type Json } from '#values/json.ts'

/** An envelope whose own members are in order; `data`, in its type's present shape, is for those who know the type. */
export type Envelope = {
  readonly revision: bigint
  readonly type: string
  readonly recordedAt: string
  readonly data: JsonReader
}

const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
const namespace = '5f0c7f0a3c8e4d0e9a52b1d6c7e83f14'

/** Checks what is the same for every event: bytes, id, address, order, time, and that each key stands for one thing. */
export class EnvelopeAudit {
  readonly #ledgerId: string
  #next = 0n
  #recordedAt = ''
  /** Where each key was used, and what was said of each batch; by digest. */
  readonly #keys = new Map<string, bigint>()
  readonly #batches = new Map<string, string>()
  /** Keys that an item shares with its own batch. */
  readonly #shared = new Set<string>()

  constructor(ledgerId: string) {
    this.#ledgerId = ledgerId
  }

  /** @throws {Unreadable} */
  check(stored: StoredEvent, note: Note): Envelope {
    const value = parsed(stored.json)
    const envelope = new JsonReader(value, 'event')
    this.#checkBytes(value, stored.json, note)
    this.#checkAddress(envelope, stored, note)
    const recordedAt = this.#checkTime(envelope, note)
    this.#checkKeys(envelope, stored.revision, note)
    for (const name of ['actor', 'correlationId', 'causationId', 'writer']) envelope.text(name)
    const { revision, type } = stored
    const version = envelope.count('schemaVersion')
    return { revision, type, recordedAt, data: this.#present(value, { revision, type, version }) }
  }

  /** What can't be lifted to the present shape is not judged by its rules: nothing is guessed. */
  #present(value: Json, of: { revision: bigint; type: string; version: number }): JsonReader {
    const data = isJsonObject(value) ? value['data'] : undefined
    if (!isJsonObject(data)) throw new Unreadable('event.data is no object')
    const at = { ledgerId: this.#ledgerId, revision: of.revision.toString() }
    try {
      return new JsonReader(lift(catalogue, { ...of, ...at, data }).data, 'event.data')
    } catch (error) {
      if (error instanceof UndecodableEvent) throw new Unreadable(error.message, { cause: error })
      throw error
    }
  }

  #checkBytes(value: unknown, json: string, note: Note): void {
    if (sorted(value) !== json) note('canonical-bytes', 'the stored bytes are not canonical JSON')
    const members = Object.entries(Object(value))
    const id: unknown = members.find(([name]) => name === 'id')?.[1]
    const expected = uuidOf(sorted(Object.fromEntries(members.filter(([name]) => name !== 'id'))))
    if (id !== expected) note('event-id', `the id is ${String(id)}, the content makes ${expected}`)
  }

  #checkAddress(envelope: JsonReader, stored: StoredEvent, note: Note): void {
    if (stored.revision !== this.#next)
      note('revisions', `revision ${stored.revision} stands where ${this.#next} belongs`)
    this.#next = stored.revision + 1n
    if (envelope.text('revision') !== stored.revision.toString())
      note('revisions', `the event says that it is revision ${envelope.text('revision')}`)
    if (envelope.text('ledgerId') !== this.#ledgerId)
      note('envelope', `the event says that it is of ledger ${envelope.text('ledgerId')}`)
    if (envelope.text('type') !== stored.type)
      note('envelope', `the event says ${envelope.text('type')}, the store ${stored.type}`)
    if (envelope.count('schemaVersion') < 1) note('envelope', 'the schema version is 0')
  }

  #checkTime(envelope: JsonReader, note: Note): string {
    const recordedAt = envelope.text('recordedAt')
    if (!timePattern.test(recordedAt)) note('time', `${recordedAt} is no time as it is stored`)
    if (recordedAt < this.#recordedAt)
      note('time', `recorded at ${recordedAt}, after an event recorded at ${this.#recordedAt}`)
    this.#recordedAt = recordedAt
    return recordedAt
  }

  #checkKeys(envelope: JsonReader, revision: bigint, note: Note): void {
    const idempotency = envelope.object('idempotency')
    const key = idempotency.text('key')
    if (!isSha256(idempotency.text('fingerprint'))) note('keys', 'the fingerprint is no SHA-256')
    const batchKey = idempotency.has('batch') ? this.#batchIn(idempotency, note) : undefined
    const short = digest(key)
    const used = this.#keys.get(short)
    if (used !== undefined) note('keys', `key ${key} was used at revision ${used} before`)
    else this.#keys.set(short, revision)
    if (batchKey === key) this.#shared.add(short)
    else if (this.#batches.has(short))
      note('keys', `key ${key} stands for a batch and for a command outside of it`)
  }

  /** Every event of a batch says the same of it, and none but its own stands under its key. */
  #batchIn(idempotency: JsonReader, note: Note): string {
    const batch = idempotency.object('batch')
    const key = batch.text('key')
    const size = batch.count('size')
    const said = digest(`${batch.text('fingerprint')} ${size}`)
    const known = this.#batches.get(digest(key))
    if (known !== undefined && known !== said)
      note('keys', `batch ${key} had another fingerprint or size before`)
    if (batch.count('index') >= size)
      note('keys', `batch ${key} has no item ${batch.count('index')}`)
    this.#batches.set(digest(key), said)
    const single = this.#keys.get(digest(key))
    if (single !== undefined && !this.#shared.has(digest(key)))
      note('keys', `batch ${key} has the key of revision ${single}`)
    return key
  }
}

function parsed(json: string): Json {
  try {
    const value: Json = JSON.parse(json)
    return value
  } catch {
    throw new Unreadable('the stored bytes are not JSON')
  }
}

/** RFC 8785 of what events are made of: names by code unit, no white space; numbers here are counts. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${sorted(member)}`)
  return `{${members.join(',')}}`
}

/** UUIDv5 (RFC 9562 §5.5), in Daybook's namespace, of the SHA-256 of the text. */
function uuidOf(text: string): string {
  const content = createHash('sha256').update(text).digest('hex')
  const hex = createHash('sha1')
    .update(Buffer.from(namespace + content, 'hex'))
    .digest('hex')
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `${variant}${hex.slice(18, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

/** Twelve characters stand for a key of any length: 72 bits. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 12)
}

function isSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}
