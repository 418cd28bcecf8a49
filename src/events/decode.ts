import { z } from 'zod'
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

const envelope = z.object({
  id: z.string(),
  type: z.string(),
  schemaVersion: z.int().min(1),
  ledgerId: z.string(),
  revision: z.string().regex(/^(0|[1-9]\d*)$/),
  recordedAt: z.string(),
  actor: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  writer: z.string(),
  idempotency: z.object({ key: z.string(), fingerprint: z.string() }),
  data: z.custom<JsonObject>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ),
})

/** A decoder as `decodeEvent` is one, for the events of a catalogue. */
export function decoderFor<Event extends Fact>(
  known: Catalogue<Event['type']>,
): (json: string) => Recorded<Event> {
  return (json) => {
    const stored = parse(json)
    const { success, data: fields } = envelope.safeParse(stored)
    if (!success) throw new UndecodableEvent('a stored event is not an envelope')
    const { type, schemaVersion: version, ledgerId, revision } = fields
    const lifted = lift(known, { type, version, ledgerId, revision, data: fields.data })
    const event = {
      ...stored,
      schemaVersion: lifted.version,
      revision: BigInt(revision),
      data: lifted.data,
    }
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
