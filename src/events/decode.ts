import type { EnvelopeFields } from '#events/envelope.ts'
import { currentVersions, type EventType, type LedgerEvent } from '#events/ledger-event.ts'
import { type Catalogue, lift, UndecodableEvent } from '#events/lift.ts'
import { upcasters } from '#events/upcasters.ts'
import { isJsonObject, type Json, type JsonObject } from '#values/json.ts'

/** The types of this program. */
export const catalogue: Catalogue<EventType> = { versions: currentVersions, upcasters }

/**
 * Reads a stored envelope and lifts it to the present schema. Its data was checked when it was decided and is believed.
 * @throws {UndecodableEvent} when the text is no envelope, of a type or version unknown to this program, or can't be lifted.
 */
export const decodeEvent = decoderFor<LedgerEvent>(catalogue)

/** What any catalogue's events are. */
type Fact = { readonly type: string; readonly data: object }

/** A fact of some catalogue as recorded. */
type Recorded<Event extends Fact> = Event & EnvelopeFields & { readonly id: string }

/** What a stored envelope has, as far as its reading goes; its data is another's matter. */
type StoredEnvelope = JsonObject & {
  readonly type: string
  readonly schemaVersion: number
  readonly ledgerId: string
  readonly revision: string
  readonly data: JsonObject
}

const revisionPattern = /^(0|[1-9]\d*)$/

/** Written out: every event that is read comes by here, and a schema that says the same takes longer. */
function isEnvelope(stored: JsonObject): stored is StoredEnvelope {
  return (
    hasPlace(stored) &&
    hasCircumstances(stored) &&
    Number.isSafeInteger(stored['schemaVersion']) &&
    Number(stored['schemaVersion']) >= 1 &&
    isIdempotency(stored['idempotency']) &&
    isJsonObject(stored['data'])
  )
}

function hasPlace({ id, type, ledgerId, revision }: JsonObject): boolean {
  return (
    typeof id === 'string' &&
    typeof type === 'string' &&
    typeof ledgerId === 'string' &&
    typeof revision === 'string' &&
    revisionPattern.test(revision)
  )
}

function hasCircumstances(stored: JsonObject): boolean {
  const { recordedAt, actor, correlationId, causationId, writer } = stored
  return (
    typeof recordedAt === 'string' &&
    typeof actor === 'string' &&
    typeof correlationId === 'string' &&
    typeof causationId === 'string' &&
    typeof writer === 'string'
  )
}

function isIdempotency(value: Json | undefined): boolean {
  return (
    isJsonObject(value) &&
    typeof value['key'] === 'string' &&
    typeof value['fingerprint'] === 'string'
  )
}

/** A decoder as `decodeEvent` is one, for the events of a catalogue. */
export function decoderFor<Event extends Fact>(
  known: Catalogue<Event['type']>,
): (json: string) => Recorded<Event> {
  return (json) => {
    const stored = parse(json)
    if (!isEnvelope(stored)) throw new UndecodableEvent('a stored event is not an envelope')
    const { type, schemaVersion: version, ledgerId, revision, data } = stored
    const lifted = lift(known, { type, version, ledgerId, revision, data })
    // Into what was parsed just now, and is nobody else's: measured, a copy costs a fifth of the parsing.
    const event = Object.assign(stored, {
      schemaVersion: lifted.version,
      revision: BigInt(revision),
      data: lifted.data,
    })
    if (!isRecorded<Event>(event))
      throw new UndecodableEvent(`no event at ${ledgerId} revision ${revision}`)
    return event
  }
}

/** The parsing edge: what `decide` once made is believed to be what the types say. */
function isRecorded<Event extends Fact>(event: object): event is Recorded<Event> {
  return 'data' in event
}

function parse(json: string): JsonObject {
  const value = parseJson(json)
  if (isJsonObject(value)) return value
  throw new UndecodableEvent('a stored event is not an object')
}

function parseJson(json: string): Json {
  try {
    const value: Json = JSON.parse(json)
    return value
  } catch (cause) {
    throw new UndecodableEvent('a stored event is not JSON', { cause })
  }
}
